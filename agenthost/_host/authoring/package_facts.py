"""Facts about a package, by which the quality scale rates it."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from contextlib import suppress
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._discovery import PLUGINS
from agenthost._host.authoring.failures import parts_of
from agenthost._host.authoring.lint import agent_findings, entry_point_findings, plugin_findings
from agenthost._host.authoring.source_rules import check_source
from agenthost._host.generations.contents import editable_folder, module_files
from agenthost._host.generations.manifest import modules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.message import Message

    from agenthost._discovery import Candidate
    from agenthost._host.authoring.findings import Finding
    from agenthost._host.packages.stages import Mounted
    from agenthost._host.plan.plan import HostPlan

__all__ = ["EXEMPTIONS", "PackageFacts", "facts_of"]

EXEMPTIONS = "agenthost-scale.toml"
"""The file in an import package that exempts it from rules, each with a reason."""

_LOADING_SECONDS = 10.0
"""The most seconds that a skill or a command may take to load."""
_NOT_CONFIGURED = ": it is missing"
"""The end of a reason that only the configuration can remove."""
_IMPORT = """
import sys, time
import agenthost, attrs, click
for name in agenthost.__all__:
    getattr(agenthost, name)
began = time.process_time()
for module in sys.argv[1:]:
    __import__(module)
print(time.process_time() - began)
"""


@frozen
class PackageFacts:
    """Everything that the rules look at.

    Args:
        name: name of the distribution.
        version: its version.
        headers: the fields of its metadata.
        readme: its long description.
        offers: its entry points.
        files: path and text of each source file, by name.
        typed: whether it has ``py.typed``.
        agents: its agents that could be built.
        failures: reasons that others could not be loaded.
        isolated_failures: reasons that agents cannot be built in a process of their own.
        changes: sentences about changes of the process by its import.
        findings: what ``check`` finds.
        folder: its project, if it is installed in editable mode or served from its source.
        exemptions: reasons by rule.
    """

    name: str
    version: str
    headers: Message = field(repr=False)
    readme: str = field(repr=False)
    offers: Sequence[Candidate] = field(repr=False)
    files: Mapping[str, str] = field(repr=False)
    typed: bool
    agents: Sequence[Mounted] = field(repr=False)
    failures: Sequence[str]
    isolated_failures: Sequence[str]
    changes: Sequence[str]
    findings: Sequence[Finding]
    folder: Path | None
    exemptions: Mapping[str, str]

    def fields(self, name: str) -> list[str]:
        """Return the values of a field of the metadata."""
        return self.headers.get_all(name) or []

    def of_rules(self, *rules: str) -> str | None:
        """Return the first finding of rules, and the number of others, or None."""
        found = [each for each in self.findings if each.rule in rules]
        if not found:
            return None
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        return f"{found[0].place}: {found[0].text}{more}"

    def trees(self) -> list[tuple[str, ast.Module]]:
        """Return the parsed sources, by name."""
        found = []
        for name, text in self.files.items():
            with suppress(SyntaxError, ValueError):
                found.append((name, ast.parse(text)))
        return found

    def import_seconds(self) -> float:
        """Return the processor time of its import, beside agenthost and click."""
        modules = sorted({each.value.partition(":")[0].strip() for each in self.offers})
        code = f"import sys; sys.path[:] = {sys.path!r}\n{_IMPORT}"
        times = []
        for _ in range(3):
            done = subprocess.run(  # noqa: S603 - this interpreter
                [sys.executable, "-c", code, *modules], capture_output=True, text=True, check=False
            )
            with suppress(ValueError, IndexError):
                times.append(float(done.stdout.split()[-1]))
            if times and min(times) < 0.1:  # noqa: PLR2004 - the limit of the rule
                break
        return min(times, default=0.0)


def facts_of(distribution: str, offers: Sequence[Candidate], plan: HostPlan, isolated: HostPlan) -> PackageFacts:
    """Return the facts about a distribution.

    ``plan`` has loaded it, and ``isolated`` has loaded it with each agent in a process of its own.
    """
    location = Path(offers[0].location)
    text = _read(location / "METADATA")
    headers = HeaderParser().parsestr(text)
    listed = [(name, path) for module in modules_of(offers) for name, path in module_files(module)]
    files = {name: _read(Path(path)) for name, path in listed if name.endswith(".py")}
    agents = [each for each in plan.agents if each.distribution == distribution]
    folder = _folder(location)
    return PackageFacts(
        name=distribution,
        version=offers[0].version,
        headers=headers,
        readme=str(headers.get_payload()) or _read_readme(folder),
        offers=offers,
        files=files,
        typed=any(name.endswith("/py.typed") for name, _ in listed),
        agents=agents,
        failures=[*_failures(plan, distribution), *_failed_parts(offers)],
        isolated_failures=[
            each for each in _failures(isolated, distribution) if each not in _failures(plan, distribution)
        ],
        changes=[each for each in plan.changes if distribution in each],
        findings=[
            *_findings(offers, files),
            *plugin_findings(plan, {distribution}),
            *(f for a in agents for f in agent_findings(a)),
        ],
        folder=folder,
        exemptions=_exemptions(listed),
    )


def _findings(offers: Sequence[Candidate], files: Mapping[str, str]) -> list[Finding]:
    of_plugins = {each.value.partition(":")[0].strip() for each in offers if each.group == PLUGINS}
    found = list(entry_point_findings(offers))
    for name, text in files.items():
        dotted = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        found += check_source(name, text, plugin=dotted in of_plugins)
    return found


def _failures(plan: HostPlan, distribution: str) -> list[str]:
    failed = [(item.key, item.diagnosis) for item in plan.failed if item.distribution == distribution]
    failed += [(each.name, each.diagnosis) for each in plan.plugins if each.distribution == distribution]
    reasons = [(name, found.reason) for name, found in failed if found is not None]
    return [f"{name}: {reason}" for name, reason in reasons if not reason.endswith(_NOT_CONFIGURED)]


def _failed_parts(offers: Sequence[Candidate]) -> list[str]:
    parts = parts_of(offers, _LOADING_SECONDS)
    return [f"{each}: {each.diagnosis.reason}" for each in parts if each.diagnosis is not None]


def _folder(location: Path) -> Path | None:
    """Return the folder of a project that can be edited."""
    folder = editable_folder(str(location))
    return Path(folder) if folder and Path(folder, "pyproject.toml").is_file() else None


def _read_readme(folder: Path | None) -> str:
    return "" if folder is None else _read(folder / "README.md")


def _exemptions(listed: Sequence[tuple[str, str]]) -> dict[str, str]:
    for name, path in listed:
        if name.rpartition("/")[2] == EXEMPTIONS:
            with suppress(ValueError):
                return {rule: str(why) for rule, why in tomllib.loads(_read(Path(path))).get("exempt", {}).items()}
    return {}


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
