"""An agent whose texts run in pages without escapes, and one that does not load."""

from agenthost import AgentBase, ConsolePage, FunctionResult, hookimpl

WORDS = "<script>window.hacked=1</script>\"'><img src=x onerror='window.hacked=1'></pre></textarea>{{ 7 * 7 }}"


class Hostile(AgentBase):
    """Writes scripts."""

    def __init__(self):
        super().__init__(name=WORDS, route="/hostile", sip=("hostile",), fallback=WORDS)
        self.prompt_add_section(WORDS, WORDS, bullets=[WORDS])
        self.set_post_prompt(WORDS)
        self.add_hints([WORDS])
        self.add_language(WORDS, "en-US", WORDS)
        self.set_global_data({WORDS: WORDS})
        self.define_tool(
            "echo", WORDS, {"words": {"type": "string", "description": WORDS, "enum": ["short", WORDS]}}, echo
        )
        self.define_tool("fail", WORDS, {"words": {"type": "object", "description": WORDS}}, fail)
        context = self.define_contexts().add_context("default")
        context.add_step("begin").set_text(WORDS).set_step_criteria(WORDS).set_functions(["echo"]).set_valid_steps(
            ["end"]
        )
        context.add_step("end").set_text(WORDS).set_end(end=True)


def echo(arguments):
    return FunctionResult(WORDS).update_global_data({WORDS: arguments})


def fail(arguments):
    raise ValueError(f"{WORDS} {arguments}")


class Unfinished(AgentBase):
    """Does not load."""

    def __init__(self):
        raise RuntimeError(WORDS)


@hookimpl
def console_pages():
    return [ConsolePage("words", WORDS, lambda: [{WORDS: WORDS, "link": "javascript:window.hacked=1"}])]
