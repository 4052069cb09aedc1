"""Findings: what stands between an agent of the SDK and a change of its imports."""

from __future__ import annotations

import dis
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from agenthost import AgentBase

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BRIDGED", "SKILLS", "findings_of"]

SKILLS = frozenset(
    {"datetime", "info_gatherer", "joke", "math", "play_background_file", "swml_transfer", "weather_api"}
)
"""Skills that agenthost and agenthost-skills have under the same names."""
BRIDGED = frozenset(
    {
        "api_ninjas_trivia",
        "claude_skills",
        "datasphere",
        "datasphere_serverless",
        "google_maps",
        "mcp_gateway",
        "native_vector_search",
        "spider",
        "web_search",
        "wikipedia_search",
    }
)
"""Skills of the SDK that this plugin offers to agents of agenthost."""
_PAGE = "docs/reference/sdk-names.md"
_MIGRATE = "fix: agenthost migrate changes its imports"


def findings_of(inner: Any) -> tuple[str, ...]:
    """Return a sentence for each part of the SDK that agenthost does not have.

    If it has all of them, the only sentence names the command that changes the imports.
    """
    found = [*_prefabs(type(inner)), *_skills(inner), *_names(type(inner))]
    return tuple(found) or (f"it is an agent of signalwire-sdk, and uses nothing that agenthost lacks. {_MIGRATE}",)


def _prefabs(kind: type) -> Iterator[str]:
    for each in kind.__mro__:
        if each.__module__.startswith("signalwire.prefabs."):
            yield f"it is a {each.__name__} of signalwire-sdk, and agenthost-prefabs has one that is configured"


def _skills(inner: Any) -> Iterator[str]:
    for name in sorted({skill.SKILL_NAME for skill in inner.skill_manager.loaded_skills.values()} - SKILLS):
        kept = "agenthost-signalwire offers while it is installed" if name in BRIDGED else "agenthost does not have"
        yield f"it uses the skill {name!r} of signalwire-sdk, which {kept}"


def _names(kind: type) -> Iterator[str]:
    """Yield names of the SDK that the author's code uses, and that agenthost lacks."""
    known = AgentBase("a")
    used = {name for each in kind.__mro__ if not each.__module__.startswith("signalwire") for name in _used(each)}
    from signalwire.core.agent_base import AgentBase as SdkAgent  # noqa: PLC0415 - where there is an agent of it

    for name in sorted(used):
        if hasattr(SdkAgent, name) and not name.startswith("__") and not hasattr(known, name):
            why = "is private to signalwire-sdk" if name.startswith("_") else "agenthost does not have"
            yield f"it uses {name!r}, which {why}{_replacement(known, name)} (see {_PAGE})"


def _replacement(known: AgentBase, name: str) -> str:
    """Return what agenthost has in place of a name, as the end of a sentence."""
    try:
        getattr(known, name)
    except AttributeError as error:
        _, marked, fix = str(error).partition("fix: ")
        return f". fix: {fix.partition(' (see ')[0]}" if marked else ""
    return ""


def _used(kind: type) -> Iterator[str]:
    for value in vars(kind).values():
        function = getattr(value, "__func__", value)
        if isinstance(function, FunctionType):
            yield from _attributes(function.__code__)


def _attributes(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR") and isinstance(step.argval, str):
            yield step.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _attributes(constant)
