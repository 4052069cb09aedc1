"""Rules of the quality scale.

Each looks at the facts about a package, and returns what is missing.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from attrs import fields, frozen, has

from agenthost._discovery import AGENTS, SKILLS
from agenthost._host.authoring.lint import CHANGES
from agenthost.agent.base import FALLBACK, lifespan_of
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agenthost._host.authoring.package_facts import PackageFacts

__all__ = ["LEVELS", "SCALE", "ScaleRule"]

LEVELS = ("bronze", "silver", "gold", "platinum")
_IMPORT_SECONDS = 0.1
_FEWEST = 2
"""The fewest example messages of an agent, and classifiers of a package."""
_SECRETS = re.compile("(^|_)(key|password|secret|token)$")
_UNSTABLE = re.compile(r"Development Status :: [123] ")


@frozen
class ScaleRule:
    """A rule of the scale.

    Args:
        name: its name, such as ``B01``.
        level: the level that needs it.
        asks: what it asks for.
        fix: what to do if it is missing.
        missing: returns what is missing, or None.
    """

    name: str
    level: str
    asks: str
    fix: str
    missing: Callable[[PackageFacts], str | None]


def _requirement(facts: PackageFacts) -> str | None:
    return next((each for each in facts.fields("Requires-Dist") if re.match(r"agenthost(?![\w.-])", each)), None)


def _unbounded(facts: PackageFacts) -> str | None:
    requirement = _requirement(facts)
    return None if requirement is None or re.search(r"<|~=|==", requirement) else requirement


def _without_lower_bound(facts: PackageFacts) -> str | None:
    plain = [each.partition(";")[0] for each in facts.fields("Requires-Dist")]
    return ", ".join(each.strip() for each in plain if not re.search(r">|~=|==|@", each)) or None


def _licence(facts: PackageFacts) -> str | None:
    given = facts.fields("License-Expression") or facts.fields("License")
    known = given or any(each.startswith("License ::") for each in facts.fields("Classifier"))
    return None if known else "the metadata names no licence"


def _keyword(facts: PackageFacts) -> str | None:
    words = re.split(r"[,\s]+", " ".join(facts.fields("Keywords")).lower())
    return None if "agenthost" in words else "the keywords do not contain agenthost"


def _names(facts: PackageFacts) -> str | None:
    usual, of_skills = re.compile("[a-z][a-z0-9-]*"), re.compile("[a-z][a-z0-9_-]*")  # which are named like tools
    odd = (each for each in facts.offers if not (of_skills if each.group == SKILLS else usual).fullmatch(each.name))
    return ", ".join(each.name for each in odd) or None


def _without_purpose(facts: PackageFacts) -> str | None:
    return ", ".join(each.key for each in facts.agents if not each.own.description) or None


def _slow(facts: PackageFacts) -> str | None:
    seconds = facts.import_seconds()
    return None if seconds < _IMPORT_SECONDS else f"{seconds * 1000:.0f} ms"


def _left_out_of_readme(facts: PackageFacts) -> str | None:
    names = {each.name for each in facts.offers if each.group == AGENTS} or {each.name for each in facts.offers}
    return ", ".join(sorted(name for name in names if name not in facts.readme)) or None


def _settings(facts: PackageFacts) -> Iterator[type]:
    import sys  # noqa: PLC0415 - only here

    for each in facts.offers:
        module, _, attribute = each.value.partition(":")
        offered = getattr(sys.modules.get(module.strip()), attribute.strip() or "__none__", None)
        declared = getattr(offered, "Settings", None)
        if isinstance(declared, type) and has(declared):
            yield declared


def _setting_names(facts: PackageFacts) -> set[str]:
    return {each.name.lstrip("_") for cls in _settings(facts) for each in fields(cls)}


def _undescribed_settings(facts: PackageFacts) -> str | None:
    found = {
        each.name
        for cls in _settings(facts)
        for each in fields(cls)
        if not re.search(rf"^\s*{re.escape(each.name)}:", _docs(cls), re.MULTILINE)
    }
    return ", ".join(sorted(found)) or None


def _docs(cls: type) -> str:
    return "\n".join(each.__doc__ or "" for each in cls.__mro__)


def _open_secrets(facts: PackageFacts) -> str | None:
    found = {
        each.name
        for cls in _settings(facts)
        for each in fields(cls)
        if _SECRETS.search(each.name) and Secret.__name__ not in str(each.type)
    }
    return ", ".join(sorted(found)) or None


def _functions(facts: PackageFacts) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    """Yield the public classes, functions and methods, with their files."""
    for name, tree in facts.trees():
        waiting: list[ast.stmt] = list(tree.body)
        while waiting:
            node = waiting.pop(0)
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith(
                "_"
            ):
                yield name, node
                waiting += node.body if isinstance(node, ast.ClassDef) else []


def _untyped(facts: PackageFacts) -> str | None:
    for name, node in _functions(facts):
        if isinstance(node, ast.ClassDef):
            continue
        arguments = [each for each in (*node.args.args, *node.args.kwonlyargs) if each.arg not in ("self", "cls")]
        if node.returns is None or any(each.annotation is None for each in arguments):
            return f"{name}:{node.lineno}: {node.name}"
    return None


def _undocumented(facts: PackageFacts) -> str | None:
    return next(
        (f"{name}:{node.lineno}: {node.name}" for name, node in _functions(facts) if not ast.get_docstring(node)), None
    )


def _general_fallback(facts: PackageFacts) -> str | None:
    return ", ".join(each.key for each in facts.agents if each.tools and each.fallback == FALLBACK) or None


def _without_language(facts: PackageFacts) -> str | None:
    return ", ".join(each.key for each in facts.agents if not each.own.draft.languages) or None


def _single_modules(facts: PackageFacts) -> bool:
    """Return True if there is no import package that could have ``py.typed`` (PEP 561)."""
    return all("/" not in name for name in facts.files)


def _changelog(facts: PackageFacts) -> str | None:
    links = any("changelog" in each.partition(",")[0].lower() for each in facts.fields("Project-URL"))
    return None if links or _in_folder(facts, "CHANGELOG.md") else "there is no CHANGELOG.md and no link to one"


def _in_folder(facts: PackageFacts, pattern: str) -> bool:
    return facts.folder is not None and next(facts.folder.glob(pattern), None) is not None


def _needs(pattern: str, noun: str) -> Callable[[PackageFacts], str | None]:
    return lambda facts: None if _in_folder(facts, pattern) else f"the project has no {noun}"


def _no_contract(facts: PackageFacts) -> str | None:
    tests = facts.folder.glob("tests/**/test_*.py") if facts.folder is not None else ()
    if any(re.search(r"^class \w+\(.*Contract\)", each.read_text("utf-8"), re.MULTILINE) for each in tests):
        return None
    return "no test inherits the contract of what it offers"


def _without_examples(facts: PackageFacts) -> str | None:
    few = (each.key for each in facts.agents if sum(map(len, each.own.examples.values())) < _FEWEST)
    return ", ".join(few) or None


def _languages_without_examples(facts: PackageFacts) -> str | None:
    found = []
    for each in facts.agents:
        spoken = {str(language.get("code", "")).partition("-")[0] for language in each.own.draft.languages}
        known = {code.partition("-")[0] for code in each.own.examples}
        found += [f"{each.key}: {code}" for code in sorted(spoken - known - {"en", ""}) if code]
    return ", ".join(found) or None


def _may_repeat(facts: PackageFacts) -> str | None:
    found = [
        f"{agent.key}.{name}"
        for agent in facts.agents
        for name, tool in agent.tools.items()
        if CHANGES.match(name) and not tool.idempotent and not tool.annotations
    ]
    return ", ".join(found) or None


def _unprobed(facts: PackageFacts) -> str | None:
    return (
        ", ".join(each.key for each in facts.agents if lifespan_of(each.agent) is not None and not each.probes) or None
    )


def _unstable(facts: PackageFacts) -> str | None:
    status = [each for each in facts.fields("Classifier") if each.startswith("Development Status")]
    return None if status and not _UNSTABLE.match(status[0]) else (status or ["no status"])[0]


def _first(given: object) -> str | None:
    return str(next(iter(given), "")) or None  # type: ignore[call-overload]


_UNREACHED = ("A103", "A106", "A108", "A109", "A110", "A112", "A119", "A120", "A121", "A122", "A123", "A124")

_TABLE: tuple[tuple[str, str, str, Callable[[PackageFacts], str | None]], ...] = (
    # Bronze: it works.
    ("B01", "everything that it offers loads", "agenthost check --traceback", lambda f: _first(f.failures)),
    (
        "B02",
        "it requires agenthost",
        'dependencies = ["agenthost>=0.1,<1"]',
        lambda f: None if _requirement(f) else "no requirement",
    ),
    ("B03", "its requirement on agenthost has an upper bound", 'write "agenthost>=0.1,<1"', _unbounded),
    ("B04", "it has a description", 'description = "…"', lambda f: None if f.fields("Summary") else "no description"),
    ("B05", "it has a README", 'readme = "README.md"', lambda f: None if f.readme.strip() else "no README"),
    ("B06", "it has a licence", 'license = "MIT"', _licence),
    (
        "B07",
        "it names the versions of Python",
        'requires-python = ">=3.11"',
        lambda f: None if f.fields("Requires-Python") else "no versions",
    ),
    ("B08", "no code of it is out of reach", "agenthost check lists the places", lambda f: f.of_rules(*_UNREACHED)),
    (
        "B09",
        "no call of it fails for a wrong signature",
        "agenthost check lists the places",
        lambda f: f.of_rules("A102", "A107", "A118"),
    ),
    ("B10", "every tool has a description", "write a docstring", lambda f: f.of_rules("A105")),
    ("B11", "every prompt has a role", 'self.prompt_add_section("Role", "You …")', lambda f: f.of_rules("A113")),
    ("B12", "its names are lower case with hyphens", "rename the entry point", _names),
    # Silver: it is careful.
    ("S01", "every parameter of a tool has a type hint", "write the type", lambda f: f.of_rules("A101")),
    ("S02", "every parameter of a tool is described", "write a line below Args:", lambda f: f.of_rules("A104", "A116")),
    (
        "S03",
        "callers hear a fallback where something is changed",
        "super().__init__(…, fallback=…)",
        lambda f: f.of_rules("A114"),
    ),
    ("S04", "no async tool blocks the host", "agenthost check lists the places", lambda f: f.of_rules("A115")),
    ("S05", "no tool keeps state on its agent", "keep it in call.state or self.state", lambda f: f.of_rules("A117")),
    (
        "S06",
        "its types reach others",
        "add an empty file py.typed to the import package",
        lambda f: None if f.typed or _single_modules(f) else "no py.typed",
    ),
    ("S07", "people find it by the keyword agenthost", 'keywords = ["agenthost"]', _keyword),
    (
        "S08",
        "it has classifiers",
        "classifiers = [ … ]",
        lambda f: None if len(f.fields("Classifier")) >= _FEWEST else "fewer than 2",
    ),
    ("S09", "its requirements have lower bounds", 'write "httpx>=0.28"', _without_lower_bound),
    ("S10", "every agent has a purpose", "write a docstring of the class, or description=…", _without_purpose),
    ("S11", "its import takes less than 100 ms", "import large packages where they are used", _slow),
    ("S12", "its import changes nothing", "move the change to lifespan", lambda f: _first(f.changes)),
    (
        "S13",
        "it has a version of its own",
        'version = "0.1.0"',
        lambda f: f.version if re.match(r"0(\.0)*(\.dev.*)?$", f.version) else None,
    ),
    # Gold: others can rely on it.
    ("G01", "the README names what it offers", "name each agent in README.md", _left_out_of_readme),
    (
        "G02",
        "the README names every setting",
        "describe them in README.md",
        lambda f: ", ".join(sorted(n for n in _setting_names(f) if n not in f.readme)) or None,
    ),
    ("G03", "every setting is described in the code", "write it below Args: of the class", _undescribed_settings),
    ("G04", "secrets are of the type Secret", "token: Secret", _open_secrets),
    ("G05", "everything public has types", "write the types", _untyped),
    ("G06", "everything public has a docstring", "write a sentence", _undocumented),
    (
        "G07",
        "its agents run in processes of their own",
        'isolation = "process" and agenthost check',
        lambda f: _first(f.isolated_failures),
    ),
    ("G08", "it has a changelog", "write CHANGELOG.md", _changelog),
    ("G09", "every agent has a language", 'self.add_language("English", "en-US", "rime.spore")', _without_language),
    ("G10", "every agent with tools has a fallback of its own", "super().__init__(…, fallback=…)", _general_fallback),
    # Platinum: it is exemplary.
    ("P01", "it has tests", "write tests/test_….py", _needs("tests/**/test_*.py", "tests")),
    (
        "P02",
        "it has scenarios",
        "write tests/….call.toml",
        lambda f: _needs("tests/**/*.call.toml", "scenarios")(f) if f.agents else None,
    ),
    ("P03", "its tests inherit a contract", "class TestAgent(AgentContract)", _no_contract),
    ("P04", "every agent has two examples or more", "examples=[…]", _without_examples),
    ("P05", "there are examples in every language that it speaks", 'examples={"es": […]}', _languages_without_examples),
    (
        "P06",
        "tools that change something say whether they may run twice",
        "@AgentBase.tool(idempotent=True)",
        _may_repeat,
    ),
    ("P07", "agents that open clients have a probe", "@probe", _unprobed),
    (
        "P08",
        "it has an example of its configuration",
        "write agenthost.toml.example",
        _needs("agenthost.toml.example", "agenthost.toml.example"),
    ),
    (
        "P09",
        "it is tested for each change",
        "write .github/workflows/ci.yml",
        _needs(".github/workflows/*.yml", "workflow"),
    ),
    ("P10", "it is no longer in development", "Development Status :: 4 - Beta or higher", _unstable),
)
_OF_LETTER = {level[0].upper(): level for level in LEVELS}
SCALE = tuple(ScaleRule(name, _OF_LETTER[name[0]], asks, fix, missing) for name, asks, fix, missing in _TABLE)
"""The rules in the order of their levels."""
