"""Preloading: the packages of a generation are imported, and nothing of them is built.

Agents of packages that must not be loaded, as their files differ from what the other workers serve, have stand-ins:
callers hear the agent's fallback, and its tools fail, until the host is reloaded.
"""

from __future__ import annotations

import linecache
import sys
import threading
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import evolve, frozen

from agenthost._discovery import PLUGINS, requirement_problem
from agenthost._host.config.schema import AgentConfig
from agenthost._host.generations.contents import HeldFile, Readings, held_file
from agenthost._host.generations.late_imports import LateImports
from agenthost._host.generations.lock import known_owners, lock_path
from agenthost._host.generations.manifest import Manifest
from agenthost._host.packages.builtin_plugins import BUILT_IN
from agenthost._host.packages.crash_journal import Journal
from agenthost._host.packages.guarded_run import Failed, run_guarded
from agenthost._host.packages.loading_guard import LoadingGuard
from agenthost._host.packages.selection import select
from agenthost._host.packages.stages import Built, imports_of
from agenthost._host.plan.load import pending_agents
from agenthost._host.plan.reach import read_code
from agenthost._host.runtime.start import DecidedPackages, decided_packages
from agenthost._version import __version__
from agenthost._web.app import prepare_app
from agenthost.agent.base import AgentBase
from agenthost.errors import AgentHostError
from agenthost.tools.tool import read_ahead

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from litestar import Litestar

    from agenthost._discovery import Candidate
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.served_plan import PlannedAgent
    from agenthost.tools.signatures import Signature

__all__ = ["Preloaded", "decide", "preload", "stand_ins"]

_OF_WORKERS = (
    *BUILT_IN,
    *("agenthost._host.published.settings", "agenthost._host.runtime.runtime"),
    *("agenthost._host.telemetry.secrets.parts", "encodings.ascii"),
    "agenthost.builtin.classifying.lexical",
    *("agenthost.builtin.classifying.llm", "agenthost.builtin.offline.model"),
    *("anyio._backends._asyncio", "prometheus_client.multiprocess"),
    *("uvicorn.lifespan.off", "uvicorn.loops.auto", "uvicorn.loops.uvloop", "uvloop"),
)
"""Modules that every worker imports."""


@frozen(eq=False)
class Preloaded:
    """The packages of a generation, imported."""

    packages: DecidedPackages
    manifest: Manifest
    late_imports: LateImports
    app: Litestar | None = None
    """The application, which a worker completes."""
    differing: tuple[str, ...] = ()
    """Distributions that are not as they should be."""
    hung: tuple[str, ...] = ()
    """Modules whose import did not end in time."""
    threads: tuple[str, ...] = ()
    """Names of the threads that packages have started."""


def decide(
    config: Config, withheld: Mapping[str, float], expected: Manifest | None, *, accept: bool = False
) -> Preloaded:
    """Decide about the installed packages: from now on, none of their files may change.

    ``withheld`` are modules whose import did not end within a number of seconds. ``expected`` is what must be
    installed; None for anything. With ``accept``, what differs from the lock file is loaded, too.

    Raises:
        ConfigurationError: the lock file cannot be used.
    """
    path = lock_path(config)
    lock = None if accept else (path, held_file(path))
    readings = Readings.of_host(config)
    packages = decided_packages(config, readings=readings)
    if accept:
        packages = evolve(packages, lock=None, refused={})
    files: dict[str, tuple[str, HeldFile]] = {}
    manifest = Manifest.of(packages.candidates, readings, packages.refused, files)
    late_imports = LateImports(files, withheld, lock)
    late_imports.install()
    differing = manifest.differing(expected) if expected is not None else ()
    return Preloaded(packages, manifest, late_imports, differing=differing)


def preload(
    config: Config, withheld: Mapping[str, float], expected: Manifest | None, *, accept: bool = False
) -> Preloaded:
    """Decide about the installed packages, see ``decide``, and import them, unless they differ.

    A package that cannot be imported fails again, and is reported, where its agents are built. Isolated agents are
    imported in processes of their own.

    Raises:
        ConfigurationError: the lock file or the record of owners cannot be used.
    """
    decided = decide(config, withheld, expected, accept=accept)
    if decided.differing:
        return decided
    _import_host()
    app = prepare_app()
    linecache.clearcache()  # the lines of generated methods, a megabyte
    packages = decided.packages
    modules = {_module_of(each): each for each in _to_import(config, packages)}
    journal, guard = Journal(config.host.state_dir), LoadingGuard()
    known = {thread.ident for thread in threading.enumerate()}
    hung: list[str] = []
    for step in (_import, partial(_read, {})):  # what is used together then lies together in memory
        jobs = [partial(step, module, offer, journal, guard, config) for module, offer in modules.items()]
        outcomes = run_guarded(jobs, config.host.build_timeout)
        hung += [module for module, outcome in zip(modules, outcomes, strict=True) if _is_late(outcome)]
        modules = {module: modules[module] for module in outcomes if isinstance(module, str)}
    journal.forget()
    guard.close()
    threads = [each.name for each in threading.enumerate() if each.ident not in known and _is_foreign(each)]
    return evolve(
        decided,
        packages=evolve(packages, changes=guard.changes),
        app=app,
        hung=tuple(hung),
        threads=() if hung else tuple(threads),
    )


def _import_host() -> None:
    """Import what every worker would import, so that they share its memory."""
    for module in _OF_WORKERS:
        with suppress(ImportError):  # reported where it is used
            import_module(module)


def _to_import(config: Config, packages: DecidedPackages) -> Iterator[Candidate]:
    """Yield the entry points of enabled plugins and agents, in order.

    A program has neither: it loads the plugins that it needs, and makes its agents itself.
    """
    if config.program is not None:
        return
    problems: dict[str, str | None] = {}
    plugins = [each for each in packages.candidates if each.group == PLUGINS]
    wanted = [each for each in plugins if config.plugins.allows(f"{each.distribution}:{each.name}")]
    selected = select(config, packages.candidates, known_owners(config, packages.lock)).wanted
    enabled = [item for item in selected if item.served]
    later = pending_agents(config, enabled, packages.lock) if config.host.build == "lazy" else {}
    wanted += [
        item.candidate
        for item in enabled
        if item.key not in later and (item.config.isolation or config.host.isolation) != "process"
    ]
    for offer in wanted:
        if offer.distribution not in problems:
            problems[offer.distribution] = requirement_problem(offer, __version__)
        if offer.distribution not in packages.refused and problems[offer.distribution] is None:
            yield offer


def _module_of(offer: Candidate) -> str:
    return offer.value.partition(":")[0].strip()


def _import(module: str, offer: Candidate, journal: Journal, guard: LoadingGuard, config: Config) -> str:
    """Import a module, and those that it names."""
    with journal.loading(offer.distribution, offer.version, offer.value), guard.around(offer.package):
        for value in list(vars(import_module(module)).values()):
            for name in imports_of(value, config, serving=True):
                with suppress(ImportError):  # reported where the plugin is registered
                    import_module(name)
    return module


def _read(
    known: dict[object, Signature], module: str, offer: Candidate, journal: Journal, guard: LoadingGuard, _: Config
) -> str:
    """Read the classes of agents in an imported module."""
    with journal.loading(offer.distribution, offer.version, offer.value), guard.around(offer.package):
        for value in list(vars(sys.modules[module]).values()):
            if isinstance(value, type) and issubclass(value, AgentBase):
                read_ahead(value, known)
                read_code(value)
    return module


def _is_foreign(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith("agenthost-")


def _is_late(outcome: object) -> bool:
    """Return True if a job was left behind. A package may raise ``TimeoutError`` itself."""
    error = outcome.error if isinstance(outcome, Failed) else None
    return isinstance(error, TimeoutError) and error.__traceback__ is None


def stand_ins(planned: Iterable[PlannedAgent], differing: Container[str], config: Config) -> dict[str, Built]:
    """Return the stand-ins of all agents of some distributions, by their full keys."""
    return {
        each.full_key: Built.in_code(each.key, _stand_in(each), _section(each, config), each.package)
        for each in planned
        if each.package in differing
    }


def _section(planned: PlannedAgent, config: Config) -> AgentConfig:
    return config.agents.get(planned.full_key) or config.agents.get(planned.key) or AgentConfig()


def _stand_in(planned: PlannedAgent) -> AgentBase:
    agent = AgentBase(name=planned.name, route=planned.route or "/", fallback=planned.fallback)

    def fail(*_: Any) -> NoReturn:
        msg = f"{planned.package} has changed since this host loaded it. fix: agenthost reload"
        raise AgentHostError(msg)

    agent.add_per_call_config(fail)
    for tool in planned.tools:
        agent.define_tool(tool, "It cannot be used at present.", {}, fail)
    return agent
