"""docs/reference/sdk-names.md: every public name of the SDK with its state.

``python tests/sdk/names.py`` writes it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

from attrs import frozen

import agenthost
from agenthost.agent.left_out import OF_AGENTS, OF_SERVERS, OF_THE_PACKAGE

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "sdk-names.md"

HERE = "the same name"
ALONGSIDE = "the SDK, installed next to agenthost"
SKILL = "the same name, in [agenthost-signalwire](../../plugins/agenthost-signalwire/README.md#skills)"
PACKAGED = "the same name, in [agenthost-skills](../../plugins/agenthost-skills/README.md)"
_PACKAGED = ("info_gatherer", "joke", "play_background_file", "swml_transfer", "weather_api")
SEARCH = (
    "[agenthost-search](../../plugins/agenthost-search/README.md), which reads `.swsearch` files; or the SDK, "
    "installed next to agenthost"
)
PREFAB = (
    "an agent of the SDK, served by `agenthost-signalwire`; or the one that is configured, in "
    "[agenthost-prefabs](../../plugins/agenthost-prefabs/README.md)"
)

MODULES = {
    "agent_server": "`AgentServer`",
    "agents": OF_THE_PACKAGE["BedrockAgent"],
    "ai_chat": ALONGSIDE,
    "cli": "`agenthost tool`, `agenthost swml` and `agenthost agents`",
    "core": "`agenthost`, which has the names of its modules at the top",
    "livewire": ALONGSIDE,
    "mcp_gateway": "`add_mcp_server`, and the plugin `agenthost-mcp`",
    "pom": "`PromptObjectModel`",
    "prefabs": PREFAB,
    "relay": ALONGSIDE,
    "rest": ALONGSIDE,
    "search": SEARCH,
    "skills": "[skills](../how-to/write-a-skill.md) of installed packages; `datetime` and `math` are built in",
    "utils": "none; it serves the SDK itself",
    "web": OF_THE_PACKAGE["WebService"],
}
"""State of each module of the SDK."""
_READ = ("agents", "core", "pom", "skills.registry", "utils", "web")
"""Modules whose names are compared. The others have one state each."""
_OF_THE_SDK_ITSELF = re.compile(r"\.(?:_\w+|mixins|\w+_generated|pom_tool)(?:\.|$)")
"""Modules that programs do not import from."""
INHERITED = set(dir(Exception)) | set(dir(object))


@frozen
class Name:
    """A name of the SDK, and its state: empty where nothing has decided it."""

    owner: str
    name: str
    state: str


def _public(value):
    names = {name for name in dir(value) if not name.startswith("_")}
    return sorted(names - INHERITED if inspect.isclass(value) else names)


def _state(owner, name, table):
    there = hasattr(owner, name) or name in getattr(owner, "__annotations__", {})
    return HERE if there else table.get(name, "")


def _in_modules(sdk):
    """Return public names of the SDK's modules that its top does not have."""
    found = {}
    for top in _READ:
        module = importlib.import_module(f"signalwire.{top}")
        inner = pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}.")
        for name in (module.__name__, *(each.name for each in inner)):
            if not _OF_THE_SDK_ITSELF.search(name):
                part = importlib.import_module(name)
                found |= {each: part for each, value in vars(part).items() if _is_own(each, value, name)}
    return sorted((part.__name__.partition(".")[2], name) for name, part in found.items() if name not in sdk.__all__)


def _is_own(name, value, module):
    if name.startswith("_"):
        return False
    kind = value if inspect.isclass(value) or inspect.isfunction(value) else type(value)
    return kind.__module__ == module and not name.isupper()


def names():
    """Return all names, in the order of the page."""
    sdk = importlib.import_module("signalwire")
    pom = importlib.import_module("signalwire.pom.pom")
    found = [Name("", name, _state(agenthost, name, OF_THE_PACKAGE)) for name in sorted(sdk.__all__)]
    for module, name in _in_modules(sdk):
        found.append(Name("names", f"{module}.{name}", _state(agenthost, name, OF_THE_PACKAGE)))
    agent, server = sdk.AgentBase("a"), sdk.AgentServer()
    classes = {
        "AgentBase": ([*_public(sdk.AgentBase), *vars(agent)], OF_AGENTS),
        "AgentServer": ([*_public(sdk.AgentServer), *vars(server)], OF_SERVERS),
        "PromptObjectModel": (_public(pom.PromptObjectModel), {}),
        **{
            name: (_public(getattr(sdk, name)), {})
            for name in ("Context", "ContextBuilder", "DataMap", "FunctionResult", "GatherInfo", "GatherQuestion")
        },
        **{name: (_public(getattr(sdk, name)), {}) for name in ("SemanticGate", "Step")},
    }
    for owner, (members, table) in sorted(classes.items()):
        kind = getattr(agenthost, owner)
        public = sorted({name for name in members if not name.startswith("_")})
        found += [Name(owner, name, _state(kind, name, table)) for name in public]
    modules = sorted(each.name for each in pkgutil.iter_modules(sdk.__path__) if not each.name.startswith("_"))
    found += [Name("modules", name, MODULES.get(name, "")) for name in modules]
    skills = importlib.import_module("signalwire.skills")
    offered = sorted(each.name for each in pkgutil.iter_modules(skills.__path__) if each.ispkg)
    states = dict.fromkeys(("datetime", "math"), HERE) | dict.fromkeys(_PACKAGED, PACKAGED)
    found += [Name("skills", name, states.get(name, SKILL)) for name in offered]
    prefabs = importlib.import_module("signalwire.prefabs")
    return found + [Name("prefabs", name, PREFAB) for name in sorted(prefabs.__all__)]


def _table(rows):
    lines = ["| SDK | here |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| `{row.name}` | {row.state} |" for row in rows)]) + "\n"


def page():
    """Return the text of the page."""
    version = importlib.import_module("signalwire").__version__
    found = names()
    titles = {"": "Names of the package", "names": "Names of modules"}
    titles |= {name: name.capitalize() for name in ("modules", "skills", "prefabs")}
    owners = list(dict.fromkeys(each.owner for each in found))
    lead = (
        f"Every public name of `signalwire-sdk` {version}, and its counterpart in agenthost. A name that is not here\n"
        "raises an `AttributeError` with the same replacement. [Agents](agent.md#differences-from-the-sdk) and\n"
        "[Migrate from SignalWire's SDK](../how-to/migrate.md#differences-from-the-sdk) describe differences of names\n"
        "that both have. `tox -e sdk` compares the two packages and generates this page.\n"
    )
    parts = ["# Names of the SDK\n", lead]
    for owner in owners:
        rows = [each for each in found if each.owner == owner]
        parts.append(f"## {titles.get(owner, owner)}\n")
        same = [row for row in rows if row.state == HERE]
        if same and owner not in ("", "names", "skills"):
            parts.append("The same names: " + ", ".join(f"`{row.name}`" for row in same) + ".\n")
            rows = [row for row in rows if row.state != HERE]
        if rows:
            parts.append(_table(rows))
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} is written\n")
