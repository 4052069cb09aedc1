"""Lint of packages that their author is working on.

These are packages that are installed in editable mode or served from their source. An operator cannot correct others.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from agenthost._discovery import AGENTS, PLUGINS, misspelt_groups
from agenthost._host.authoring.findings import Finding
from agenthost._host.authoring.source_rules import check_source
from agenthost._host.generations.contents import is_editable, module_files
from agenthost.agent.base import FALLBACK, AgentBase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from agenthost._discovery import Candidate
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan

__all__ = ["CHANGES", "agent_findings", "entry_point_findings", "lint", "lint_metadata", "plugin_findings"]

CHANGES = re.compile(
    "(?:add|book|buy|cancel|change|charge|close|create|delete|edit|keep|make|order|pay|place|refund|register|remove|renew"
    "|reserve|return|save|schedule|send|set|submit|take|transfer|update|write)(?:_|$)"
)
"""Names of tools that change something outside of the call."""


def lint(plan: HostPlan, candidates: Iterable[Candidate]) -> list[Finding]:
    """Return the findings in the packages of an author.

    ``plan`` has loaded what can be loaded of them.
    """
    own = [each for each in candidates if each.location and is_editable(each.location)]
    names = {each.distribution for each in own}
    found = list(_in_sources(own))
    found += entry_point_findings(own)
    misplaced = {each.place for each in found if each.rule == "A110"}
    found += plugin_findings(plan, names - misplaced)
    for agent in plan.agents:
        if agent.distribution in names and agent.built_yet:
            found += agent_findings(agent)
    return found


def lint_metadata() -> list[Finding]:
    """Return the findings in the metadata of all installed packages."""
    return [
        Finding(
            "A111", name, f"has entry points in the group {group!r}, which the host does not read", f"write {meant!r}"
        )
        for name, group, meant in misspelt_groups()
    ]


def _in_sources(own: list[Candidate]) -> Iterator[Finding]:
    modules: dict[str, set[str]] = {}
    for each in own:
        module = each.value.partition(":")[0].strip()
        modules.setdefault(module.partition(".")[0], set()).update({module} if each.group == PLUGINS else ())
    for top_level, of_plugins in modules.items():
        for name, path in module_files(top_level):
            if name.endswith(".py"):
                dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
                text = Path(path).read_text(encoding="utf-8", errors="replace")
                yield from check_source(_from_here(path), text, plugin=dotted in of_plugins)


def entry_point_findings(own: Sequence[Candidate]) -> Iterator[Finding]:
    """Yield findings about the entry points of packages, whose modules are imported."""
    counted = Counter((each.distribution, each.group, each.name) for each in own)
    for (distribution, group, name), count in counted.items():
        if count > 1:
            yield Finding(
                "A112",
                distribution,
                f"has {count} entry points of the name {name!r} in the group {group!r}",
                "rename one",
            )
    for each in own:
        offered = _imported(each)
        if each.group == PLUGINS and isinstance(offered, type) and issubclass(offered, AgentBase):
            yield Finding(
                "A110",
                each.distribution,
                f"offers the agent {offered.__name__} in the group {PLUGINS!r}, which is that of plugins",
                f"move {each.name} to the group {AGENTS!r}",
            )


def plugin_findings(plan: HostPlan, distributions: Collection[str]) -> Iterator[Finding]:
    """Yield findings about the plugins of distributions."""
    for plugin in plan.plugins:
        if plugin.distribution in distributions and plugin.state == "ready" and not plugin.hooks:
            called = f"its plugin {plugin.name!r} implements no hook"
            yield Finding("A120", plugin.distribution, called, "agenthost hooks lists the hooks")


def _imported(candidate: Candidate) -> object:
    module, _, attribute = candidate.value.partition(":")
    return getattr(sys.modules.get(module.strip()), attribute.strip() or "__none__", None)


def agent_findings(agent: Mounted) -> Iterator[Finding]:
    """Yield findings about an agent."""
    draft = agent.own.draft
    if not (draft.prompt.text or draft.prompt.sections.sections or draft.contexts):
        yield Finding(
            "A113",
            agent.key,
            "its prompt has no role, so a model makes one up",
            'self.prompt_add_section("Role", "You …")',
        )
    if agent.fallback != FALLBACK:
        return
    changing = [
        name
        for name, tool in agent.tools.items()
        if CHANGES.match(name) and tool.fallback is None and not (tool.annotations or {}).get("readOnlyHint")
    ]
    if changing:
        yield Finding(
            "A114",
            agent.key,
            f"has no fallback, and callers of {', '.join(changing)} do not hear what to do when that fails",
            'super().__init__(…, fallback="I could not … Please …")',
        )


def _from_here(path: str) -> str:
    shown = os.path.relpath(path)
    return path if shown.startswith("..") else shown
