"""The server for a coding agent: its project, and a running host, as tools."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from attrs import define, field
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from agenthost_mcp.answers import (
    Agent,
    Agents,
    Answers,
    Checked,
    Documented,
    Logged,
    Reasons,
    Reloaded,
    Rest,
    Said,
    Simulated,
    Stored,
    ToolAnswer,
    Traced,
)
from agenthost_mcp.coding_server import CodingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from agenthost_mcp.commands import Commands

__all__ = ["CodingTools", "serve"]

_INSTRUCTIONS = """\
Tools for work on a package of agenthost, which serves voice and chat agents. After each change of the code: check, then
tool, say or simulate. If something is not served, why has the reason, the traceback and the fix. Every call loads the
code as it is on disk. A host that runs keeps its earlier code until it is reloaded; agents shows both. An answer that
was cut says in "more" how to get the rest. docs has the documentation, such as docs("write-tools") or docs("A115")."""
_NO_HOST = "no host runs here. fix: agenthost dev"
_CHANGES = ("added", "changed", "removed", "failed", "routes", "tools", "aliases", "applied", "left", "restart")
"""Lists in the answer of a reload."""

AgentKey = Annotated[str, Field(description="Key of the agent, as agents lists it, or path/to/file.py:Name")]
CallId = Annotated[str, Field(description="ID of a call")]


def serve(commands: Commands, *, act: bool) -> None:
    """Serve until the client closes standard input.

    Args:
        commands: the commands for the project.
        act: whether to offer what changes a host.
    """
    with tempfile.TemporaryDirectory(prefix="agenthost-mcp-") as folder:
        made = CodingServer(
            "agenthost",
            title="agenthost",
            version=version("agenthost"),
            instructions=_INSTRUCTIONS,
            log_level="WARNING",
        )
        tools = CodingTools(commands, Path(folder))
        read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
        runs_code = ToolAnnotations(read_only_hint=False, destructive_hint=False)
        changes = ToolAnnotations(read_only_hint=False, destructive_hint=True)
        offered: list[tuple[ToolAnnotations, tuple[Callable[..., Any], ...]]] = [
            (read_only, (tools.agents, tools.why, tools.check, tools.trace, tools.logs, tools.docs, tools.rest)),
            (runs_code, (tools.tool, tools.say, tools.simulate)),
            (changes, (tools.reload, tools.state) if act else ()),
        ]
        for annotations, functions in offered:
            for function in functions:
                made.tool(annotations=annotations)(function)
        made.run("stdio")


@define
class CodingTools:
    """The tools.

    Args:
        commands: the commands for the project.
        folder: a folder for what the session keeps.
    """

    commands: Commands
    folder: Path
    answers: Answers = field(factory=Answers)
    _traces: dict[str, list[dict[str, Any]]] = field(factory=dict, init=False)

    async def agents(self) -> Agents:
        """List the agents with their routes, tools and states.

        The state is that of the code as it is now, and on_host that in the running host.
        """
        rows = (await self.commands.of_project("agents", "--load", "--json")).value
        status = await self._status()
        served = {row["agent"]: row["state"] for row in status["agents"]} if status else {}
        known = {row["agent"] for row in rows}
        listed = [_agent(row, served.get(row["agent"])) for row in rows]
        listed += [Agent(agent=key, on_host=state) for key, state in served.items() if key not in known]
        host = f"{status['url']}: {status['status']}" if status else _NO_HOST
        return self.answers.fit(Agents(agents=listed, host=host))

    async def why(
        self, agent: Annotated[str, Field(description="Key or route of an agent, plugin's name, or a SIP address")]
    ) -> Reasons:
        """Explain why an agent or plugin is served or not.

        The reasons come with their fixes, and the traceback.
        """
        if agent.startswith(("sip:", "sips:", "tel:")):
            decided = (await self.commands.of_project("sip", "resolve", "--json", agent)).value
            reasons = [f"{name}: {value}" for name, value in decided.items() if value not in (None, "")]
            return self.answers.fit(Reasons(served=bool(decided.get("route")), agent=agent, reasons=reasons))
        report, status = await self.commands.check(), await self._status()
        routes = {row["route"]: row["agent"] for row in status["agents"]} if status else {}
        row = _row_of(report, agent, routes.get(agent))
        name = str(row.get("agent") or row.get("plugin") or agent)
        traces = {each.removeprefix("plugin "): text for each, text in report["tracebacks"].items()}
        return self.answers.fit(
            Reasons(
                served=row.get("state") == "ready",
                agent=name,
                reasons=[*_in_project(row, name, report), *_on_host(name, status)],
                traceback=traces.get(name, ""),
            )
        )

    async def check(self) -> Checked:
        """Load everything without serving, and report all problems, each with its fix."""
        report = await self.commands.check()
        problems = [
            _problem(row)
            for row in (*report["agents"], *report["plugins"])
            if row["state"] in ("quarantined", "conflict") or "reason" in row
        ]
        tracebacks = "\n\n".join(f"{name}:\n{lines}" for name, lines in report["tracebacks"].items())
        findings = [*report["findings"], *report["warnings"]]
        ok = not (report["problems"] or findings or problems)
        return self.answers.fit(Checked(ok=ok, problems=problems, findings=findings, traceback=tracebacks))

    async def tool(
        self,
        agent: AgentKey,
        tool: Annotated[str, Field(description="The tool; without it, the agent's tools are listed")] = "",
        arguments: Annotated[dict[str, Any] | None, Field(description="Its arguments")] = None,
        call: Annotated[str, Field(description="ID of the call in which it is called")] = "example-call",
    ) -> ToolAnswer:
        """Call a tool of an agent as the platform does, or list its tools.

        Its state is in memory, for this call alone.
        """
        if not tool:
            listed = (await self.commands.of_project("tool", "--json", agent)).value
            return self.answers.fit(ToolAnswer(tools=listed))
        words = [f"--{key}={_text(value)}" for key, value in (arguments or {}).items() if value is not None]
        ended = await self.commands.of_project("tool", "--json", "--call-id", call, agent, tool, "--", *words)
        fields = ended.value
        return self.answers.fit(
            ToolAnswer(
                text=fields.get("response", ""),
                actions=fields.get("action", []),
                failed=ended.code != 0,
                log=ended.log.strip(),
            )
        )

    async def say(
        self,
        agent: AgentKey,
        text: Annotated[str, Field(description="The message, in the words of a person")],
        conversation: Annotated[str, Field(description="The conversation of an earlier answer, to continue it")] = "",
    ) -> Said:
        """Send an agent a message in text, and return its answer.

        State is kept for this session alone.
        """
        words = ("--conversation", conversation) if conversation else ()
        store = f"sqlite:///{self.folder / 'state.db'}"
        ended = await self.commands.of_project("ask", "--json", "--state", store, *words, "--", agent, text)
        told = ended.value
        if "error" in told:
            raise ToolError(told["error"])
        return self.answers.fit(
            Said(
                agent=told["agent"],
                text=told["text"],
                conversation=told["conversation"],
                events=told["events"],
                log=ended.log.strip(),
            )
        )

    async def simulate(
        self,
        agent: AgentKey,
        said: Annotated[
            list[str],
            Field(
                description='What the caller says, in turn. Also "/tool NAME {JSON}", "/press DIGITS", "/wait MS", '
                '"/tools", "/prompt", "/data", "/step" and "/hangup"'
            ),
        ],
    ) -> Simulated:
        """Call an agent on a simulated platform, offline. trace has the events of the call."""
        file = self.folder / "trace.json"
        file.unlink(missing_ok=True)
        lines = "".join(f"{' '.join(each.split())}\n" for each in said)
        ended = await self.commands.of_project("simulate", "--trace", str(file), "--", agent, said=lines)
        if not file.exists():
            raise ToolError(ended.log.strip())
        call = f"simulated-{len(self._traces) + 1}"
        self._traces[call] = json.loads(file.read_text(encoding="utf-8"))["events"]
        log = "\n".join(line for line in ended.log.splitlines() if not line.startswith("Type as the caller."))
        return self.answers.fit(Simulated(call=call, failed=ended.code != 0, lines=ended.output.splitlines(), log=log))

    async def trace(
        self,
        call: Annotated[str, Field(description="ID of a call; without it, the calls are listed")] = "",
        kind: Annotated[str, Field(description="Events of this kind only, such as tool, action or spoken")] = "",
    ) -> Traced:
        """Return what happened in a call, event by event.

        The call is a simulated one, or one of the host.
        """
        if call in self._traces:
            return self._traced(call, "simulated", self._traces[call], kind)
        if not call:
            recorded: Any = []
            with suppress(ToolError):
                recorded = (await self.commands.of_store("calls", "--json")).value
            return self.answers.fit(Traced(calls=[*self._traces, *(str(each["id"]) for each in recorded)]))
        with suppress(ToolError):
            recorded = (await self.commands.of_store("calls", "show", "--json", "--", call)).value
            return self._traced(call, "recorded", recorded, kind)
        ended = await self.commands.of_host("logs", "--call", call, "--json")
        lines = _json_lines(ended.output) if ended else []
        if not lines:
            raise ToolError(
                f"there is no trace of call {call!r}. fix: simulate one, or set [recording] days in agenthost.toml"
            )
        return self._traced(call, "log", lines, kind)

    async def logs(
        self,
        agent: Annotated[str, Field(description="Lines about this agent only")] = "",
        call: Annotated[str, Field(description="Lines about this call only")] = "",
        error: Annotated[str, Field(description="Lines of the failure with this error ID, with its traceback")] = "",
    ) -> Logged:
        """Return recent lines of the log of the running host, the newest first."""
        wanted = {"--agent": agent, "--call": call, "--error": error}
        words = [word for option, value in wanted.items() if value for word in (option, value)]
        ended = await self._host("logs", "--json", *words)
        return self.answers.fit(Logged(lines=_json_lines(ended.output)[::-1]))

    async def docs(
        self, topic: Annotated[str, Field(description="A page, a public name, a check such as A115, or a word")] = ""
    ) -> Documented:
        """Return a page of the documentation, or what it says about a name.

        Without a topic, list the pages.
        """
        ended = await self.commands.plain("docs", "--", *([topic] if topic else []))
        if ended.code:
            raise ToolError(ended.log.strip())
        return self.answers.fit(Documented(text=ended.output))

    async def rest(self, answer: Annotated[str, Field(description='The number in "more" of an answer')]) -> Rest:
        """Return the next part of an answer that was cut."""
        return self.answers.rest(answer)

    async def reload(
        self,
        agent: Annotated[str, Field(description="Rebuild this agent only, for a change of its settings")] = "",
        accept: Annotated[bool, Field(description="Take what differs from the lock file, and what is lost")] = False,  # noqa: FBT002 - an argument of a tool
    ) -> Reloaded:
        """Make the running host take the code and the configuration as they are now.

        If that would lose an agent, nothing changes, and the answer has the reason.
        """
        words = [*(["--accept"] if accept else []), *([agent] if agent else [])]
        ended = await self._host("reload", "--json", *words)
        told = ended.value
        changes = [f"{kind}: {each}" for kind in _CHANGES for each in told.get(kind, ())]
        return self.answers.fit(Reloaded(applied=not told.get("restart"), changes=changes))

    async def state(
        self,
        agent: Annotated[str, Field(description="Key of the agent")],
        key: Annotated[str, Field(description="A key; without it, all keys are returned")] = "",
        value: Annotated[str, Field(description='JSON to write under the key, such as 5 or "a text"')] = "",
        delete: Annotated[bool, Field(description="Delete the key, and return its last value")] = False,  # noqa: FBT002 - an argument of a tool
    ) -> Stored:
        """Read the stored state of an agent, or change one key of it."""
        words = [*([f"--set={value}"] if value else []), *(["--delete"] if delete else [])]
        ended = await self.commands.of_store("state", "--json", *words, "--", agent, *([key] if key else []))
        return self.answers.fit(Stored(values=ended.value))

    def _traced(self, call: str, source: str, events: Iterable[dict[str, Any]], kind: str) -> Traced:
        wanted = [each for each in events if not kind or each.get("kind") == kind]
        return self.answers.fit(Traced(call=call, source=source, events=wanted))

    async def _status(self) -> Any:
        ended = await self.commands.of_host("status", "--json")
        return None if ended is None else ended.value

    async def _host(self, name: str, *words: str) -> Any:
        """Run a command about the host.

        Raises:
            ToolError: no host runs, or it refuses.
        """
        ended = await self.commands.of_host(name, *words)
        if ended is None:
            raise ToolError(_NO_HOST)
        if ended.code > 1:
            raise ToolError(ended.log.strip())
        return ended


def _agent(row: Mapping[str, Any], on_host: str | None) -> Agent:
    made = Agent(
        agent=row["agent"],
        route=row["route"],
        tools=row["tools"],
        package=f"{row['package']} {row['version']}".strip(),
        state=row["state"],
    )
    if "reason" in row:
        made |= Agent(reason=row["reason"], fix=row["remedy"])
    if on_host is not None:
        made["on_host"] = on_host
    return made


def _row_of(report: Mapping[str, Any], name: str, served_there: str | None) -> Mapping[str, Any]:
    """Return the row of an agent or plugin, by key, name or route.

    ``served_there`` is the agent that the host serves at a route, as the code may be too broken to have one.

    Raises:
        ToolError: there is none.
    """
    rows: list[Mapping[str, Any]] = [*report["agents"], *report["plugins"]]
    for row in rows:
        if name in (row.get("agent"), row.get("plugin"), row.get("route")) or row.get("agent", "") == served_there:
            return row
    known = ", ".join(str(row.get("agent") or row.get("plugin")) for row in rows) or "none"
    raise ToolError(
        f"nothing called {name!r} is installed or in this project. There are: {known}. fix: check the entry points in "
        "pyproject.toml, and whether its package is installed"
    )


def _problem(row: Mapping[str, Any]) -> str:
    name = f"agent {row['agent']}" if "agent" in row else f"plugin {row['plugin']}"
    return f"{name} is {row['state']}: {row.get('reason', '')}. fix: {row.get('remedy', '')}"


def _in_project(row: Mapping[str, Any], name: str, report: Mapping[str, Any]) -> list[str]:
    if "reason" in row:
        reasons = [_problem(row)]
    elif row.get("state") == "ready":
        reasons = [f"in the code as it is now, {name} can be served at {row.get('route') or 'its hooks'}"]
    else:
        reasons = [f"{name} is {row.get('state')} by the configuration"]
    about = [*report["warnings"], *report["findings"]]
    return reasons + [each for each in about if name in each]


def _on_host(name: str, status: Mapping[str, Any] | None) -> list[str]:
    if status is None:
        return [_NO_HOST]
    rows = [row for row in status["agents"] if row["agent"] == name]
    reasons = [f"on the host at {status['url']}, {name} is {row['state']}" for row in rows]
    reasons += [] if rows else [f"the host at {status['url']} does not have it. fix: reload"]
    return reasons + [
        f"{each['problem']}. fix: {each['fix']}" for each in status["problems"] if name in each["problem"]
    ]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json_lines(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.strip()]
