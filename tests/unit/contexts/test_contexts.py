"""Contexts and steps: what they emit, and what is refused, when."""

import conformance
import pytest

from agenthost.contexts import ContextBuilder, GatherInfo, Step, create_simple_context
from agenthost.errors import DefinitionError

RECORDS = conformance.records("documents", tag="contexts")


def emitted(record):
    ai = next(verb["ai"] for verb in record["emitted"]["sections"]["main"] if "ai" in verb)
    return ai["prompt"]["contexts"]


def one_step(text="x"):
    builder = ContextBuilder()
    return builder, builder.add_context("default").add_step("s").set_text(text)


@pytest.mark.parametrize("record", [r for r in RECORDS if not r["error"]], ids=lambda r: r["id"])
class TestConformance:
    def test_emits_what_the_platform_expects(self, record):
        assert emitted(record) == conformance.replay(record["steps"])["agent"].rendered_contexts()

    def test_what_is_emitted_can_be_read(self, record):
        """Contexts that are written out give the same document."""
        assert emitted(record) == ContextBuilder.from_dict(emitted(record)).to_dict()


@pytest.mark.parametrize("record", [r for r in RECORDS if r["error"]], ids=lambda r: r["id"])
def test_mistakes_are_refused(record):
    """At the call where that is possible, else when everything is defined."""
    if record["error_at"] == "render":
        agent = conformance.replay(record["steps"])["agent"]
        with pytest.raises(DefinitionError):
            agent.rendered_contexts()
    else:
        with pytest.raises(DefinitionError):
            conformance.replay(record["steps"])


class TestJudgement:
    def test_a_step_cannot_be_called_next(self):
        """doc0175: the SDK accepts it, and the platform takes it for the following step.

        It is refused when it is added.
        """
        with pytest.raises(DefinitionError, match="a step cannot be called 'next'"):
            conformance.replay(conformance.by_id("judgement", "doc0175")["steps"])

    @pytest.mark.parametrize("record", ["doc0178", "doc0179"])
    def test_contexts_that_are_written_out_are_emitted(self, record):
        """doc0178, doc0179: the SDK drops contexts that are passed as an object.

        Here they are read and emitted.
        """
        (written,) = conformance.by_id("judgement", record)["steps"][1][2]

        assert written == ContextBuilder.from_dict(written).to_dict()


class TestContext:
    def test_steps_in_one_call(self):
        """The short form writes the sections that the field knows."""
        builder = ContextBuilder()
        builder.add_context("default").add_step(
            "greet",
            task="Greet the caller.",
            bullets=["say hello"],
            criteria="The caller has answered.",
            functions="none",
            valid_steps=["next"],
        )

        assert builder.to_dict()["default"]["steps"][0] == {
            "name": "greet",
            "text": "## Task\nGreet the caller.\n\n## Process\n- say hello",
            "step_criteria": "The caller has answered.",
            "functions": "none",
            "valid_steps": ["next"],
        }

    def test_sections_of_a_context(self):
        """Its prompt goes out as sections, its system prompt as Markdown."""
        builder, _step = one_step()
        context = builder.get_context("default")
        context.add_section("Shop", "We sell tea.").add_bullets("Hours", ["9 to 5"])
        context.add_system_section("Role", "You sell.").add_system_bullets("Rules", ["be kind"])
        context.set_valid_contexts(["default"]).set_valid_steps(["s", "next"]).set_initial_step("s")
        context.add_enter_filler("en-US", ["Hello"]).set_exit_fillers({"default": ["Bye"]})

        assert builder.to_dict()["default"] == {
            "steps": [{"name": "s", "text": "x"}],
            "valid_contexts": ["default"],
            "valid_steps": ["s", "next"],
            "initial_step": "s",
            "system_prompt": "## Role\nYou sell.\n\n## Rules\n- be kind",
            "pom": [{"title": "Shop", "body": "We sell tea."}, {"title": "Hours", "bullets": ["9 to 5"]}],
            "enter_fillers": {"en-US": ["Hello"]},
            "exit_fillers": {"default": ["Bye"]},
        }

    def test_a_step_is_found_by_its_name(self):
        builder, step = one_step()
        context = builder.get_context("default")

        assert (step, None) == (context.get_step("s"), context.get_step("t"))
        assert builder.get_context("other") is None

    def test_a_step_that_is_not_there_cannot_be_moved(self):
        builder, _step = one_step()

        with pytest.raises(DefinitionError, match="context 'default' has no step 't' to move"):
            builder.get_context("default").move_step("t", 0)


class TestStep:
    def test_a_text_replaces_sections_only_after_they_are_cleared(self):
        builder, step = one_step()
        with pytest.raises(DefinitionError, match="step 's' takes a text or sections, not both"):
            step.add_section("Task", "y")
        step.clear_sections().add_section("Task", "y")
        with pytest.raises(DefinitionError, match="step 's' takes a text or sections, not both"):
            step.set_text("z")

        assert builder.to_dict()["default"]["steps"][0]["text"] == "## Task\ny"

    def test_functions_are_a_list_or_none(self):
        """One tool's name would silently mean something else to the platform."""
        with pytest.raises(DefinitionError, match=r"write \['lookup'\]"):
            Step("s").set_functions("lookup")
        with pytest.raises(TypeError, match="step 's': functions must be a list of strings; got 5"):
            Step("s").set_functions(5)

    def test_a_choice_can_be_taken_back(self):
        builder, step = one_step()
        step.set_end(True).set_end(False).set_reset_full_reset(True).set_reset_full_reset(False)

        assert builder.to_dict()["default"]["steps"] == [{"name": "s", "text": "x"}]

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: Step(""), "a step needs a name"),
            (
                lambda: Step("s").set_history("forget"),
                "history must be one of keep, default, hide; got 'forget'",
            ),
            (
                lambda: Step("s").add_gather_question("k", "q"),
                r"call set_gather_info\(\) before the questions",
            ),
            (
                lambda: Step("s").set_gather_info().add_gather_question("k", "q").add_gather_question("k", "r"),
                "two questions have the key 'k'",
            ),
            (
                lambda: Step("s").set_gather_info().add_gather_question("", "q"),
                "the question 'q' needs a key",
            ),
        ],
    )
    def test_mistakes_are_refused_by_the_method(self, call, message):
        with pytest.raises(DefinitionError, match=message):
            call()

    def test_text_is_text(self):
        with pytest.raises(TypeError, match="step 's': the text must be a string, not int"):
            Step("s").set_text(5)


class TestValidate:
    def test_no_contexts(self):
        with pytest.raises(DefinitionError, match="there are no contexts"):
            ContextBuilder().validate([])

    def test_a_single_context_is_the_default(self):
        builder = ContextBuilder()
        builder.add_context("sales").add_step("s").set_text("x")

        with pytest.raises(DefinitionError, match="the only context must be called 'default', not 'sales'"):
            builder.validate([])

    def test_several_contexts_have_any_names(self):
        builder = ContextBuilder()
        builder.add_context("sales").add_step("s").set_text("x").set_valid_contexts(["support"])
        builder.add_context("support").add_step("s").set_text("x")

        builder.validate([])

    def test_a_tool_cannot_have_a_name_of_the_platform(self):
        builder, _step = one_step()

        with pytest.raises(DefinitionError, match="the platform reserves the tool names next_step"):
            builder.validate(["next_step"])

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c, s: s.set_functions(["f"]), "step 's' of context 'default' names the tool 'f'"),
            (lambda c, s: s.set_valid_steps(["t"]), "step 's' of context 'default' names the step 't'"),
            (lambda c, s: s.set_valid_contexts(["t"]), "step 's' of context 'default' names the context 't'"),
            (lambda c, s: c.set_valid_steps(["t"]), "context 'default' names the step 't'"),
            (lambda c, s: c.set_valid_contexts(["t"]), "context 'default' names the context 't'"),
            (
                lambda c, s: s.set_gather_info(completion_action="t").add_gather_question("k", "q"),
                "step 's' of context 'default' names the step 't'",
            ),
        ],
    )
    def test_names_that_lead_nowhere(self, change, message):
        builder, step = one_step()
        change(builder.get_context("default"), step)

        with pytest.raises(DefinitionError, match=message):
            builder.validate([])

    def test_limits_of_the_platform(self):
        builder = ContextBuilder()
        for number in range(50):
            context = builder.add_context(f"c{number}")
        for number in range(100):
            context.add_step(f"s{number}")

        with pytest.raises(DefinitionError, match="already are 50 contexts"):
            builder.add_context("more")
        with pytest.raises(DefinitionError, match="context 'c49' already has 100 steps"):
            context.add_step("more")


class TestFromDict:
    def test_everything_that_is_emitted_can_be_read(self):
        written = {
            "default": {
                "steps": [
                    {
                        "name": "s",
                        "text": "x",
                        "step_criteria": "done",
                        "functions": "none",
                        "valid_steps": ["next"],
                        "valid_contexts": ["other"],
                        "end": True,
                        "skip_user_turn": True,
                        "skip_to_next_step": True,
                        "history": "hide",
                        "reset": {"system_prompt": "S", "user_prompt": "U", "consolidate": True, "full_reset": True},
                        "gather_info": {
                            "questions": [{"key": "k", "question": "q"}],
                            "isolated": True,
                            "completion_action": "s",
                        },
                    }
                ],
                "system_prompt": "S",
                "pom": [{"title": "A", "body": "a", "bullets": ["x"]}],
            },
            "other": {"steps": [{"name": "t", "text": "y"}], "prompt": "P", "isolated": True},
        }

        assert written == ContextBuilder.from_dict(written).to_dict()

    def test_sections_of_a_step_become_its_text(self):
        step = {"name": "s", "pom": [{"title": "Task", "body": "Greet."}]}

        assert ContextBuilder.from_dict({"default": {"steps": [step]}}).to_dict()["default"]["steps"] == [
            {"name": "s", "text": "## Task\n\nGreet."}
        ]

    @pytest.mark.parametrize(
        ("written", "message"),
        [
            ({"": {}}, "a context needs a name"),
            ({"default": []}, "context 'default' must be an object, not list"),
            ({"default": {"stpes": []}}, "context 'default' has the unknown key 'stpes'. The keys are steps, "),
            (
                {"default": {"steps": [{"text": "x"}]}},
                "step 1 of context 'default' must be an object with a name",
            ),
            ({"default": {"steps": ["s"]}}, "step 1 of context 'default' must be an object with a name"),
            (
                {"default": {"steps": [{"name": "s", "txt": "x"}]}},
                "step 's' of context 'default' has the unknown key 'txt'",
            ),
            (
                {"default": {"steps": [{"name": "s", "valid_steps": "next"}]}},
                "step 's' of context 'default': valid_steps: .* must be a list of strings; got 'next'",
            ),
            (
                {"default": {"steps": [{"name": "s", "gather_info": []}]}},
                "the gather_info of step 's' must be an object",
            ),
            ({"default": {"enter_fillers": ["hi"]}}, "context 'default': enter_fillers: fillers must map"),
        ],
    )
    def test_what_is_wrong_is_named(self, written, message):
        with pytest.raises(DefinitionError, match=message):
            ContextBuilder.from_dict(written)


def test_questions_are_added_by_their_parts():
    """As in SignalWire's SDK."""
    gather = GatherInfo("answers").add_question("name", "Your name?").add_question("age", "Age?", type="integer")

    assert gather.to_dict()["questions"][1] == {"key": "age", "question": "Age?", "type": "integer"}
    with pytest.raises(DefinitionError, match="question 'x' has no option 'kind'"):
        gather.add_question("x", "?", kind="text")


def test_contexts_are_validated_without_tools():
    builder = ContextBuilder(object())
    builder.add_context("default").add_step("s").set_text("x").set_functions(["defined later"])
    builder.validate()

    with pytest.raises(DefinitionError, match="names the tool 'defined later'"):
        builder.validate(["another"])


def test_a_context_of_its_own():
    assert create_simple_context().add_step("s").set_text("x") is not None
    assert create_simple_context("sales").name == "sales"
