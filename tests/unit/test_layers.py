"""The house's layers: who may import what."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import agenthost

PACKAGE = Path(agenthost.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

LIBRARIES = {
    "litestar": ("_web", "testing"),
    "uvicorn": ("_web",),
    "click": ("_cli",),
    "importlib_metadata": ("_host.discovery",),
    "pluggy": ("hookspecs", "_host.plugins"),
    "jsonschema_rs": ("arguments", "_host.lint"),
    "docstring_parser": ("signatures",),
    "cattrs": ("_host.settings",),
    "prometheus_client": ("_host.telemetry.metrics", "_host.telemetry.shared_metrics"),
    "structlog": ("_host.telemetry.log",),
    "opentelemetry": ("_host.telemetry.tracing",),
    "openai": ("builtin.classifier_embeddings", "builtin.model_openai"),
    "httpx": ("builtin.model_openai",),
}
"""Libraries that only some modules may import, but for their types."""

LEVELS = (
    ("errors", "sip", "models", "redaction", "_host.discovery"),
    ("health", "prompt", "results", "datamap", "contexts", "arguments", "signatures", "gates", "state"),
    ("hosting", "workflows.turns", "classifiers", "escalation_detectors"),
    ("tools", "platform_tools", "swaig", "call_hooks", "skills", "swml"),
    ("declared", "vocabulary"),
    ("agent", "hookspecs"),
    ("workflows",),
    ("per_call",),
    (
        "_host.secret",
        "_host.key_paths",
        "_host.naming",
        "_host.placeholders",
        "_host.fields",
        "_host.tables",
        "_host.config",
        "_host.settings",
        "_host.control",
        "_host.kept",
        "_host.selection",
        "_host.routes",
        "_host.tokens",
        "_host.guard",
        "_host.calls.deadline",
        "_host.calls.threads",
        "_host.state",
        "_host.classifiers",
        "_host.calls.slots",
        "_host.calls.limits",
        "_host.calls.authors",
        "_host.calls.breaker",
        "_host.calls.leaving",
        "_host.journal",
        "_host.remedies",
        "_host.kinds",
        "_host.models",
        "_host.redaction",
        "_host.built_in",
        "_host.hook_trace",
        "_host.offers",
        "_host.plugins",
        "_host.workflow_tables",
        "_host.toml_lines",
        "_host.sip.rules",
        "_host.sip.sources",
        "_host.sip.unmatched",
        "_host.isolation.instructions",
        "_host.isolation.descriptions",
        "_host.isolation.frames",
        "_host.isolation.process_output",
        "_host.isolation.process_setup",
        "_host.isolation.starving",
        "_host.isolation.process",
        "_host.isolation.processes",
        "_host.isolation.raised",
        "_host.lifespans",
        "_host.checks",
        "_host.isolation.host_entries",
        "_host.isolation.inside",
        "_host.isolation.own_process",
        "_host.isolation.stand_in",
        "_host.loader",
        "_host.membership",
        "_host.telemetry.spans",
        "_host.telemetry.tracing",
        "_host.text.budget",
        "_host.deployment",
        "_host.telemetry.call_log",
        "_host.telemetry.failures",
        "_host.calls.garbage",
        "_host.telemetry.hiding",
        "_host.telemetry.log",
        "_host.systemd_unit",
        "_host.kubernetes_manifest",
    ),
    ("_host.mounting",),
    ("_host.plan",),
    ("_host.telemetry.shared_metrics",),
    ("_host.telemetry.metrics", "_host.telemetry.figures"),
    ("_host.condition", "_host.observers", "_host.probing", "_host.calls.watchdog"),
    ("_host.sip.resolver",),
    ("_host.calls.calling", "_host.calls.once", "_host.report", "_host.lint"),
    ("_host.doctor",),
    ("_host.runtime",),
    ("_host.text.transcripts", "_host.text.team", "_host.text.conversing", "_host.text.conversations"),
    ("_host.server", "_host.alone"),
    ("_host.reloading",),
    ("_host.single", "_host.rehearsal"),
    ("_web",),
    ("_cli", "__main__", "builtin", "testing"),
)
"""From the ground up; a module imports from its own level or below, ``UPWARD`` aside."""

UPWARD = {"_host.server": "_web", "vocabulary.serving": "_host.alone"}
"""Modules that reach up, and to where: only inside functions, where they are asked to serve."""


def name_of(path: Path) -> str:
    """A module's name below ``agenthost``."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path, *, late: bool) -> set[str]:
    """What a module imports when it runs: at its top, and with ``late`` also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not late:
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            found.update({module, *(f"{module}.{alias.name}" for alias in node.names)})
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(tree)
    return found


def level_of(name: str) -> int | None:
    """The level of a module below ``agenthost``, by the longest name that covers it."""
    for level, names in enumerate(LEVELS):
        if any(name == known or name.startswith(f"{known}.") for known in names):
            return level
    return None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_has_a_level(path):
    """A new module is given its place here before it is used; what only holds others needs none."""
    holds_others = path.name == "__init__.py" and not imports(path, late=True)
    assert holds_others or name_of(path) == "" or level_of(name_of(path)) is not None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_in_their_rooms(path):
    """Litestar, click, pluggy and the like are imported only where the design puts them."""
    name = name_of(path)
    strangers = {
        library
        for library, rooms in LIBRARIES.items()
        if any(imported.partition(".")[0] == library for imported in imports(path, late=True))
        and not any(name == room or name.startswith(f"{room}.") for room in rooms)
    }
    assert set() == strangers


def above(path: Path, imported: set[str]) -> set[str]:
    """What a module imports from a higher level than its own."""
    level = level_of(name_of(path))
    names = {name.removeprefix("agenthost.") for name in imported if name.startswith("agenthost.")}
    return {name for name in names if level is not None and (level_of(name) or 0) > level}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_arrows_point_down(path):
    """A module imports only from its own level or from below; a few reach up to one place, inside functions."""
    goal = UPWARD.get(name_of(path), "-")

    assert set() == above(path, imports(path, late=False))
    assert set() == {
        name for name in above(path, imports(path, late=True)) if name != goal and not name.startswith(f"{goal}.")
    }


def test_those_that_reach_up_do():
    """The list has nobody who no longer needs it."""
    reaching = {name_of(path) for path in MODULES if above(path, imports(path, late=True))}

    assert set(UPWARD) == reaching


def test_importing_agenthost_is_cheap():
    """The names are there, and nothing behind them has been imported."""
    import subprocess  # noqa: PLC0415

    code = "import sys, agenthost; dir(agenthost); print(*(m for m in sys.modules if m.startswith('agenthost')))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert printed.stdout.split() == ["agenthost"]
