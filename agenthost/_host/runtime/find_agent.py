"""Lookup of one agent without a server, installed or in a file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenthost._discovery import PLUGINS, discover, offered_here
from agenthost._error_words import did_you_mean, summary_of
from agenthost._host.config.place import Place
from agenthost._host.config.schema import AgentConfig
from agenthost._host.packages.guarded_run import author_code
from agenthost._host.packages.instantiate import Section, agent_of, is_of_sdk, make_instance
from agenthost._host.packages.plugins import Plugins
from agenthost._host.packages.stages import Built
from agenthost._host.plan.load import load_for_program
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.start import installed_plan
from agenthost.agent.base import AgentBase, declared
from agenthost.errors import ConfigurationError, DefinitionError, PlanError

if TYPE_CHECKING:
    from types import ModuleType

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan

__all__ = ["agents_of_file", "find_agent", "why_not"]


def find_agent(config: Config, name: str) -> tuple[HostPlan, Mounted]:
    """Return the agent with a name, in a plan that serves it.

    ``name`` is the key, name or route of an installed agent, ``path/to/file.py``, or ``path/to/file.py:Name`` for one
    of several.

    Raises:
        PlanError: no such agent, or it cannot be served.
    """
    path, _, attribute = name.partition(".py:") if ".py:" in name else (name, "", "")
    if attribute or name.endswith(".py"):
        file = Path(path if path.endswith(".py") else f"{path}.py")
        agent = _from_file(config, file, attribute)
        built = Built.in_code(declared(agent).name, agent, AgentConfig(), str(file))
        plan = make_plan(config, load_for_program(config, [built]))
        name = declared(agent).name
    else:
        plan = installed_plan(config)
    found = plan.find(name)
    if found is None:
        raise PlanError(why_not(plan, name))
    return plan, found


def why_not(plan: HostPlan, name: str) -> str:
    """Explain why a plan serves no agent with this name."""
    aside = next((item for item in plan.set_aside if item.key == name), None)
    if aside is not None and aside.diagnosis is not None:
        return f"agent {name!r} is {aside.state}: {aside.diagnosis.reason}. fix: {aside.diagnosis.remedy}"
    if aside is not None and aside.state == "elsewhere":
        return f"agent {name!r} is left to another host by host.agents. fix: add it there, or call it on that host."
    if aside is not None:
        return f"agent {name!r} is {aside.state}. fix: enable it in agenthost.toml."
    if name in offered_here():
        return (
            f"agent {name!r} of the project in this folder is not installed. "
            "fix: agenthost --project . and the command, or install the project with pip install --editable ."
        )
    keys = [agent.key for agent in plan.agents]
    near, known = did_you_mean(name, keys), ", ".join(keys) or "none"
    return f"there is no agent {name!r}. {near}Installed: {known}. For a file, write path/to/file.py."


def _from_file(config: Config, file: Path, attribute: str) -> AgentBase:
    """Return the agent that a file defines, as a class or an instance."""
    module = _load_file(file)
    made = _made(_offered(module, file, attribute), file)
    if isinstance(made, AgentBase):
        return made
    adapters = Plugins.load(config, discover((PLUGINS,))).implementations("adapt_agent")
    try:
        return agent_of(str(file), made, adapters)
    except DefinitionError as error:
        raise PlanError(str(error)) from error


def agents_of_file(file: Path, attribute: str = "") -> list[AgentBase]:
    """Return all agents that a file defines, or the one with a name.

    Raises:
        PlanError: the file cannot be loaded, or has no such agent.
    """
    module = _load_file(file)
    chosen = [_offered(module, file, attribute)] if attribute else list(_offers(module, file).values())
    return [made for each in chosen if isinstance(made := _made(each, file), AgentBase)]


def _load_file(file: Path) -> ModuleType:
    """Import a Python file, with its folder on the path.

    Raises:
        PlanError: there is no such file, or it fails.
    """
    name = file.stem if file.stem not in sys.modules else f"agent file {file}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not file.is_file():
        near = did_you_mean(file.name, (each.name for each in file.parent.glob("*.py")))
        raise PlanError(f"{file}: there is no such Python file. {near}".rstrip())
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    folder = str(file.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        with author_code():
            spec.loader.exec_module(module)
    except DefinitionError as error:
        msg = f"{file}: {error}"
        raise PlanError(msg) from error
    except BaseException as error:
        msg = f"{file}: {summary_of(error)}"
        raise PlanError(msg) from error
    return module


def _made(offered: Any, file: Path) -> Any:
    """Return an agent, built if it is a class.

    It may be one of SignalWire's SDK.

    Raises:
        PlanError: its constructor fails.
    """
    try:
        agent = make_instance(offered, _unconfigured(file)) if isinstance(offered, type) else offered
    except (ConfigurationError, DefinitionError) as error:
        raise PlanError(f"{file}: {error}") from error
    except BaseException as error:
        msg = f"{file}: {summary_of(error)}"
        raise PlanError(msg) from error
    return agent


def _unconfigured(file: Path) -> Section:
    """Return the section of an agent in a file, which is empty."""
    return Section("agent", {}, Place(file.name))


def _offered(module: ModuleType, file: Path, attribute: str) -> Any:
    """Return the agent with a name in a file, or the only one.

    Raises:
        PlanError: there is no such agent, or there are several.
    """
    offered = _offers(module, file)
    names = ", ".join(offered)
    if attribute and attribute not in offered:
        msg = f"{file}: there is no agent {attribute!r} in it. Agents there: {names}."
        raise PlanError(msg)
    if not attribute and len(offered) > 1:
        msg = f"{file}: there are several agents in it: {names}. fix: name one as {file}:{next(iter(offered))}."
        raise PlanError(msg)
    return offered[attribute or names]


def _offers(module: ModuleType, file: Path) -> dict[str, Any]:
    """Return the agents of a file by name, classes and instances.

    Raises:
        PlanError: there is none.
    """
    offered = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, AgentBase) or is_of_sdk(type(value)) or _is_agent_class(value, module.__name__)
    }
    if not offered:
        msg = f"{file}: there is no agent in it, neither a subclass of agenthost.AgentBase nor an object of one."
        raise PlanError(msg)
    return offered


def _is_agent_class(value: Any, module: str) -> bool:
    return isinstance(value, type) and value.__module__ == module and (issubclass(value, AgentBase) or is_of_sdk(value))
