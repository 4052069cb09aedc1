"""Stand-ins: the host's side of agents that live in processes of their own.

To the code that plans, routes, limits and calls agents, a stand-in is an agent like any other. To run the author's
code, it calls the agent's own process. The host never imports the package itself.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.declaration import keys_of
from agenthost._host.config.schema import AgentConfig
from agenthost._host.generations.contents import held_files
from agenthost._host.generations.late_imports import LateImports
from agenthost._host.isolation.descriptions import AgentDescription, DescribedDraft
from agenthost._host.isolation.process import CallNotStarted, NotIsolatable, OwnProcessError
from agenthost._host.isolation.process_setup import Setup
from agenthost._host.isolation.processes import Launch, Processes
from agenthost._host.isolation.template_process import PackageChanged, TemplateProcess, can_watch_forks
from agenthost._host.packages.diagnosis import Diagnosed
from agenthost._host.packages.instantiate import Section
from agenthost._host.walls.account import Account, missing_capabilities
from agenthost._host.walls.enclosure import Enclosure
from agenthost._host.walls.kernel import set_debuggable
from agenthost.agent.base import AgentBase, declared
from agenthost.agent.per_call import copy_for_call
from agenthost.errors import ConfigurationError, DefinitionError
from agenthost.health import Probe, ProbeResult
from agenthost.results.tool_answer import ToolAnswer
from agenthost.state import NO_STORES, Scope
from agenthost.swml import Draft, Template
from agenthost.tools.arguments import PassedOn
from agenthost.tools.platform_tools import PlatformTool
from agenthost.tools.tool import Tool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from agenthost._host.config.place import Place
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.contents import HeldFile
    from agenthost._host.isolation.process import Process
    from agenthost._host.isolation.processes import Observer
    from agenthost.state import Stores
    from agenthost.tools.swaig import Call

__all__ = ["NotIsolatable", "StandIn", "isolated", "isolated_of_program"]

_LONGEST_PROBE = 60.0
_MOST_CALLS = 16384
"""The most calls whose state the agent reaches, those that have run its tools most recently."""

_log = logging.getLogger("agenthost.processes")


def isolated(
    candidate: Candidate, key: str, section: AgentConfig, config: Config, adapters: tuple[str, ...] = ()
) -> StandIn:
    """Start the first process of an agent, and return its stand-in.

    Raises:
        Diagnosed: its package failed.
        NotIsolatable: it is a workflow, which cannot be isolated.
        ConfigurationError: the host cannot run it as the user that its section names.
    """
    place = section.place or config.place("agents", key)
    serves = LateImports.of_this_process()
    files = _files(candidate) if serves is None else serves.files_of(candidate.distribution)
    setup = Setup(
        candidate,
        key,
        Section("agent", dict(section.settings), place.alone(), tuple(keys_of(AgentConfig))),
        config.host.log_level,
        section.memory_limit,
        Enclosure(
            section.paths,
            tuple(os.path.abspath(path) for path in (config.host.state_dir, config.source) if path),  # noqa: PTH100 - as above
            section.file_limit,
            section.process_limit,
            config.host.debuggable,
        ),
        files=files,
        may_fork=config.host.start_method == "fork" and can_watch_forks(),
        account=_account(section, place),
        adapters=adapters,
    )
    set_debuggable(config.host.debuggable)  # before there is a process that could look
    environ = {name: os.environ[name] for name in section.environment if name in os.environ}
    seconds = config.host.build_timeout * 0.95
    template = TemplateProcess(setup, environ, seconds, _nothing if serves is None else serves.report)
    try:
        first, content = template.start_process()
    except PackageChanged as error:
        _log.error("agent %s is not served by this process: %s. fix: %s", key, error, error.diagnosis.remedy)
        raise
    try:
        return StandIn(
            msgspec.convert(content, AgentDescription),
            key,
            lambda stand_in: Processes(
                Launch(setup, template, section.processes), first, stand_in.entries, stand_in.may_reach
            ),
            section.shared_state,
        )
    except BaseException:
        first.kill()
        template.close()
        raise


def isolated_of_program(made: Callable[[], AgentBase], config: Config, name: str) -> StandIn:
    """Start a process for an agent of a program, which builds it again there.

    Args:
        made: its class, or a function that makes it, without arguments, in a module of its own.
        config: the configuration of the host.
        name: the agent's name, for errors, and the section of its limits.

    Raises:
        DefinitionError: another process cannot import it, or cannot build it.
    """
    module, path = made.__module__, made.__qualname__
    found = sys.modules.get(module)
    begun = getattr(getattr(found, "__spec__", None), "_initializing", False)  # it would be isolated there again
    if module == "__main__" or "<" in path or begun or getattr(found, "__file__", None) is None:
        raise DefinitionError(
            f"agent {name!r} cannot be isolated: another process cannot import {path} of {module}. "
            "fix: write its class, or a function that makes it, in a module of its own"
        )
    candidate = Candidate(AGENTS, name, f"{module}:{path}", "code", "", "")
    section = config.agents.get(name, AgentConfig())
    try:
        return isolated(candidate, name, section, config)
    except NotIsolatable as error:
        raise DefinitionError(f"agent {name!r} cannot be isolated: {error}. fix: isolate its agents instead") from error
    except Diagnosed as error:
        raise DefinitionError(f"agent {name!r} cannot be isolated: {error.diagnosis.reason}") from error


def _files(candidate: Candidate) -> dict[str, HeldFile]:
    """Return the files of a package as they are now."""
    if not candidate.location:
        return {}
    return held_files(candidate.location, [candidate.value.partition(":")[0].partition(".")[0].strip()])


def _account(section: AgentConfig, place: Place) -> Account | None:
    """Return the user that an agent's processes run as, or None for the host's.

    Raises:
        ConfigurationError: there is no such user, or this process cannot switch to it.
    """
    if section.run_as is None:
        return None
    where = place.at("run_as")
    try:
        account = Account.named(section.run_as)
    except LookupError:
        reason = f"the system does not have a user {section.run_as!r}"
        raise ConfigurationError(f"{where}: {reason}. fix: sudo useradd --system {section.run_as}") from None
    if account.user and (missing := missing_capabilities()):
        raise ConfigurationError(
            f"{where}: this host cannot switch to user {section.run_as}: it runs as user {os.geteuid()}, without "
            f"{', '.join(missing)}. fix: start it as root, or remove run_as"
        )
    if not account.user:
        raise ConfigurationError(f"{where}: an agent cannot run as root. fix: name a user of its own")
    return account


class StandIn(AgentBase):
    """The host's side of an agent that lives in a process of its own."""

    def __init__(
        self, said: AgentDescription, key: str, processes: Callable[[StandIn], Processes], shared: Sequence[str]
    ) -> None:
        super().__init__(
            said.name,
            said.route,
            sip=said.sip,
            fallback=said.fallback,
            on_failure=said.on_failure,
            shared_state=said.shared_state,
            busy=said.busy,
            description=said.description,
        )
        own = declared(self)
        own.serving, own.examples, own.mcp_server = said.serving, said.examples, said.mcp_server
        own.per_call = (_nothing,) if said.dynamic else ()
        own.routing = {path: partial(self._route, path) for path in said.routing}
        own.debug_handler = self._debug if said.debugged else None
        own.draft = self._described(said.draft, 0, None)
        own.own_process = self
        self.template = said.template
        self.probes = tuple(
            Probe(check=partial(self._check, index), **attrs.asdict(each)) for index, each in enumerate(said.probes)
        )
        scopes = (Scope("agent", key), *(Scope("host", name) for name in said.shared_state if name in shared))
        self._reach = tuple(scope.prefix("data").removesuffix(b"data/") for scope in scopes)
        self._calls: dict[bytes, None] = {}
        self._checks: dict[int, asyncio.Task[Any]] = {}
        self._ticket: tuple[Process, int] | None = None
        self._processes = processes(self)

    def follow(self, observer: Observer) -> None:
        """Report the ends and the memory of its processes to an observer."""
        self._processes.observer = observer

    def entries(self) -> Any:
        """Return the entries of the host's store."""
        return self._stores.whole

    @property
    def _stores(self) -> Stores:
        return declared(self).stores or NO_STORES

    def may_reach(self, key: bytes) -> bool:
        """Return True if the agent has access to a key, or to a prefix.

        It has access to its own entries, to those that it shares as far as its section allows it, and to those of calls
        that have run its tools here, whoever began them.
        """
        if key.startswith(self._reach):
            return True
        return key[: key.find(b"/", key.find(b"/") + 1) + 1] in self._calls

    def _admit(self, call: Call) -> str:
        """Let the agent reach the state of a call, and return its group."""
        group = call.state.group
        if call.id:
            apart = f".{group}" if group else ""
            prefix = b"call%b%b" % (apart.encode(), Scope("call", call.id).prefix("data")[len("call") : -len("data/")])
            self._calls.pop(prefix, None)
            self._calls[prefix] = None  # the newest is the last
            if len(self._calls) > _MOST_CALLS:
                del self._calls[next(iter(self._calls))]
        return group

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep its processes running."""
        async with self._processes.running():
            yield

    async def document(self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]) -> Template:
        """Return the document of a call.

        See ``agenthost.agent.declared.AgentProcess``.
        """
        return msgspec.convert(await self._processes.ask("document", query, body, headers), Template)

    async def configured(
        self, query: Mapping[str, str], body: Mapping[str, Any], headers: Mapping[str, str]
    ) -> StandIn:
        """Return a copy of the agent, configured for one call.

        See ``agenthost.agent.declared.AgentProcess``.
        """
        process, (ticket, said) = await self._processes.ask_one("configure", query, body, headers)
        copy = copy_for_call(self)
        copy._ticket = process, ticket  # noqa: SLF001 - a copy of this very object
        declared(copy).draft = self._described(msgspec.convert(said, DescribedDraft), ticket, process)
        return copy

    async def on_summary(self, summary: Any, raw_data: dict[str, Any] | None = None) -> Any:
        """Call the agent's own method in its process."""
        process, ticket = self._ticket or (None, 0)
        said = await self._ask(process, "summary", ticket, summary, raw_data)
        return msgspec.json.decode(said) if said else None

    async def _ask(self, process: Process | None, operation: str, *arguments: Any) -> Any:
        if process is None:
            return await self._processes.ask(operation, *arguments)
        try:
            return await self._processes.ask_in(process, operation, *arguments)
        except CallNotStarted:
            raise OwnProcessError("the process in which this call was configured has ended") from None

    async def _run_tool(
        self, name: str, ticket: int, process: Process | None, arguments: Mapping[str, Any], call: Call
    ) -> ToolAnswer:
        group = self._admit(call)
        return ToolAnswer.from_plain(await self._ask(process, "tool", ticket, name, arguments, call.raw_data, group))

    async def _route(self, path: str, body: Any, headers: Any) -> Any:
        return await self._processes.ask("routing", path, body, headers)

    async def _debug(self, label: Any, event: Any) -> None:
        await self._processes.ask("debug", label, event)

    async def _check(self, index: int) -> ProbeResult:
        """Run a check.

        A check that hangs is not started a second time.
        """
        task = self._checks.get(index)
        if task is None or task.done():
            task = self._checks[index] = asyncio.get_running_loop().create_task(self._ask_probe(index))
            task.add_done_callback(_receive)
        ok, reason = await asyncio.shield(task)
        return ProbeResult(ok, reason)

    async def _ask_probe(self, index: int) -> Any:
        async with asyncio.timeout(_LONGEST_PROBE):
            return await self._processes.ask("probe", index)

    def _described(self, said: DescribedDraft, ticket: int, process: Process | None) -> Draft:
        """Return the parts of the agent's document that conversations and tool calls need."""
        draft = Draft(declared(self).name)
        draft.prompt.text = said.instructions
        draft.answer = said.answer
        draft.global_data = dict(said.global_data)
        for tool in said.tools:
            if tool.described is not None:
                draft.tools[tool.name] = PlatformTool(tool.name, tool.described)
            else:
                draft.tools[tool.name] = Tool(
                    tool.name,
                    tool.description,
                    tool.parameters,
                    partial(self._run_tool, tool.name, ticket, process),
                    PassedOn(tool.parameters, tool.accepted),
                    on_loop=True,
                    secure=tool.secure,
                    webhook_url=tool.webhook_url,
                    fallback=tool.fallback,
                    timeout=tool.timeout,
                    idempotent=tool.idempotent,
                    undeclared=tool.undeclared,
                    title=tool.title,
                    annotations=tool.annotations,
                )
        return draft


def _nothing(*_: object) -> None:
    """Replace callbacks that are called elsewhere."""


def _receive(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
