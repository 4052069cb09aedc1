"""The loop of a coding agent, by the official client: break, see, fix, reload, green."""

from __future__ import annotations

import asyncio
import sys

from mcp import ClientSession, StdioServerParameters, stdio_client

READ_ONLY = {"agents", "why", "check", "trace", "logs", "docs", "rest"}
RUN_CODE = {"tool", "say", "simulate"}
LIMIT = 4096


class Project:
    """The source of the project."""

    def __init__(self, folder):
        self.code = folder / "src" / "agenthost_florist" / "__init__.py"

    def edit(self, old, new):
        text = self.code.read_text()
        assert old in text
        self.code.write_text(text.replace(old, new))


class Tools:
    """The tools of the server, as a coding agent calls them."""

    def __init__(self, session):
        self.session = session

    async def __call__(self, name, **arguments):
        """Return the structured answer, which is the text, too."""
        result = await self.session.call_tool(name, arguments)
        assert not result.is_error, result.content[0].text
        assert len(result.content[0].text.encode()) <= LIMIT
        return result.structured_content

    async def refused(self, name, **arguments):
        """Return the message of a call that fails."""
        result = await self.session.call_tool(name, arguments)
        assert result.is_error
        return result.content[0].text


def with_tools(environ, folder, work, *options):
    async def main():
        words = ["-m", "agenthost", "mcp", *options]
        server = StdioServerParameters(command=sys.executable, args=words, env=environ, cwd=folder)
        async with stdio_client(server) as streams, ClientSession(*streams) as session:
            await session.initialize()
            return await work(Tools(session))

    return asyncio.run(main())


def test_what_changes_a_host_needs_act(environ, project):
    async def names(tools):
        return {each.name: each for each in (await tools.session.list_tools()).tools}

    async def refused(tools):
        return await tools.refused("reload")

    listed = with_tools(environ, project, names)
    message = with_tools(environ, project, refused)
    assert message.endswith("is not offered. fix: start the server as agenthost mcp --act")
    assert set(listed) == READ_ONLY | RUN_CODE
    assert {name for name, each in listed.items() if each.annotations.read_only_hint} == READ_ONLY
    assert listed["check"].output_schema["properties"]["findings"]["type"] == "array"
    assert set(with_tools(environ, project, names, "--act")) == READ_ONLY | RUN_CODE | {"reload", "state"}


async def of_florist(tools):
    """Return the states of the project's agent, here and on the host."""
    rows = (await tools("agents"))["agents"]
    return [(row["state"], row["on_host"]) for row in rows if row["agent"] == "florist"]


def test_the_loop_break_see_fix_reload_green(environ, project, serve):
    """The host serves its last good code until the fixed one is reloaded."""
    source = Project(project)

    async def loop(tools):
        assert await of_florist(tools) == [("ready", "ready")]

        source.edit("self.add_language(", "self.add_langauge(")
        seen = await tools("check")
        assert seen["ok"] is False
        assert "agent florist is quarantined: AttributeError: " in seen["problems"][0]
        assert 'line 35, in __init__\n    self.add_langauge("English"' in seen["traceback"]
        refused = await tools.refused("reload")
        assert "florist" in refused
        assert "add_langauge" in refused
        why = await tools("why", agent="/florist")
        assert (why["served"], why["agent"]) == (False, "florist")
        assert any("on the host at" in each and each.endswith("florist is ready") for each in why["reasons"])

        source.edit("self.add_langauge(", "self.add_language(")
        source.edit("We are open", "We open")
        assert (await tools("tool", agent="florist", tool="opening_hours"))["text"].startswith("We open Monday")
        assert (await tools("check")) == {"ok": True}
        assert (await tools("reload")) == {"applied": True, "changes": ["changed: florist"]}
        assert await of_florist(tools) == [("ready", "ready")]

    with serve(project) as port:
        with_tools(environ, project, loop, "--act", "--port", port)


def test_calls_without_a_host(environ, project):
    Project(project).edit('return FunctionResult(f"We', "print('seen')\n        return FunctionResult(f\"We")

    async def work(tools):
        assert (await tools("agents"))["host"] == "no host runs here. fix: agenthost dev"
        assert [each["tool"] for each in (await tools("tool", agent="florist"))["tools"]] == [
            "opening_hours",
            "take_message",
        ]
        called = await tools("tool", agent="florist", tool="take_message", arguments={"text": "--hi"})
        assert called["actions"] == [{"set_global_data": {"message": "--hi"}}]
        assert "text is missing" in (await tools("tool", agent="florist", tool="take_message"))["text"]
        hours = await tools("tool", agent="florist", tool="opening_hours")
        assert (hours["text"], hours["log"]) == ("We are open Monday to Friday, 9 to 5.", "seen")

        first = await tools("say", agent="florist", text="When are you open?")
        again = await tools("say", agent="florist", text="And again?", conversation=first["conversation"])
        assert first["text"] == "[offline model] We are open Monday to Friday, 9 to 5."
        assert again["conversation"] == first["conversation"]

        call = await tools("simulate", agent="florist", said=["Hello", '/tool take_message {"text": "x"}'])
        assert '  · take_message(text="x") → I have noted it as normal.' in call["lines"]
        traced = await tools("trace", call=call["call"], kind="tool")
        assert [each["function"] for each in traced["events"]] == ["take_message"]
        assert (await tools("trace"))["calls"] == [call["call"]]

        assert "no host runs here" in await tools.refused("logs")
        assert "nothing called 'florst'" in await tools.refused("why", agent="florst")
        assert "there is no trace of call 'c-1'" in await tools.refused("trace", call="c-1")
        assert (await tools.refused("tool", agent="florist", tool="opning_hours")).startswith("agent 'florist' has no")
        assert await tools.refused("say", agent=5) == (
            "say: agent should be a valid string; text is missing. fix: see its input schema"
        )
        assert (await tools.refused("reboot")).startswith("there is no tool 'reboot'. fix: call one of agents, why, ")
        page = await tools("docs", topic="write-tools")
        rest = await tools("rest", answer=page["more"][0].partition('"answer": "')[2].partition('"')[0])
        assert page["text"].startswith("# Write tools")
        assert rest["text"]

        assert (await tools("state", agent="florist", key="visits", value="5"))["values"] == {"visits": 5}
        assert (await tools("state", agent="florist"))["values"] == {"visits": 5}
        assert (await tools("state", agent="florist", key="visits", delete=True))["values"] == {"visits": 5}

    with_tools(environ, project, work, "--act")
