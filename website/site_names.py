"""Write ``docs/reference/names``: each public name with its signature, meaning, errors and examples.

``python website/site_names.py`` takes everything but the examples from the code. Examples are written on the pages,
below the entry that they belong to, and stay there.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from enum import Enum
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import docstring_parser
from attrs import frozen

import agenthost
from agenthost import testing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["FOLDER", "PAGES", "Entry", "entries", "examples", "render"]

FOLDER = Path(__file__).parents[1] / "docs" / "reference" / "names"
PAGES = {
    "agent-names": ("Agents", "AgentBase Call Skill SemanticGate get_logger"),
    "result-names": ("Tool results", "FunctionResult SwaigFunctionResult"),
    "data-map-names": ("Data maps", "DataMap create_simple_api_tool create_expression_tool"),
    "context-names": (
        "Contexts and prompts",
        "ContextBuilder Context Step GatherInfo GatherQuestion create_simple_context PromptObjectModel",
    ),
    "server-names": ("Servers", "AgentServer AgentHostPlugin ExitCode Secret"),
    "plugin-names": (
        "Plugins",
        (
            "hookimpl Host HostedAgent AdaptedAgent ToolCalled Redactor SipAlias SipCall SipUri ConsolePage "
            "DurableTurns TurnSteps McpServer McpOffer McpRequest OfferedAgent OfferedTool ToolOutput"
        ),
    ),
    "health-names": ("Health", "probe Probe ProbeResult HostVitals"),
    "state-names": ("State", "Store Entries Entry Scope StateOptions StateProvider"),
    "model-names": (
        "Language models",
        "ChatModel ModelProvider ModelRequest Message ToolSpec ToolUse Words Completion Usage",
    ),
    "workflow-names": (
        "Workflows",
        (
            "Workflow Router Sequential Parallel Vote Escalation Team Remaining Turn Reply Outcome Status Note "
            "ClientCalls AnswerOptions"
        ),
    ),
    "classifier-names": (
        "Classifiers and escalation detectors",
        (
            "Classifier ClassifierProvider ClassifierTools Choice Decision Match VectorClassifier EscalationDetector "
            "Signal"
        ),
    ),
    "error-names": (
        "Exceptions",
        (
            "AgentHostError ConfigurationError AddressError DefinitionError AgentSealed UnsupportedHost PlanError "
            "ArgumentsRefused ConversationRefused StateRefused StateUnavailable TurnTakenOver Unanswered BudgetSpent "
            "ModelError ModelUnavailable ModelRefused ModelNonsense AnswerMalformed"
        ),
    ),
    "testing-names": ("Testing", " ".join(testing.__all__)),
}
"""The title of each page, and its names."""

_ALIAS = "SwaigFunctionResult"
_WIDTH = 110
_HEADING = re.compile(r"^##+ `?([\w.]+)`?$", re.MULTILINE)
_EXAMPLE = re.compile(r"(?:^In `test_\w+\.py`:\n\n)?^```python(?: no-run)?\n.*?^```$", re.MULTILINE | re.DOTALL)
_PUBLIC = frozenset(getattr(module, name) for module in (agenthost, testing) for name in module.__all__)


@frozen
class Entry:
    """A public name, or a public attribute of one.

    Args:
        name: the heading, such as ``FunctionResult.hangup``.
        value: the object, as its class has it.
    """

    name: str
    value: Any

    @property
    def signature(self) -> str:
        """The signature as code."""
        value, last = _unwrapped(self.value), self.name.rpartition(".")[2]
        if isinstance(value, property) and value.fget:
            return f"{last}: {_written(inspect.signature(value.fget).return_annotation)}"
        if isinstance(value, type):
            return _class(value, last)
        if not callable(value):
            return f"{last} = {value!r}" if isinstance(value, tuple | str | int) else last
        prefix = "async def " if inspect.iscoroutinefunction(value) else "def "
        return prefix + _call(last, inspect.signature(value))


def entries(names: Iterable[str]) -> Iterator[Entry]:
    """Yield the names of a page, each with its attributes."""
    for name in names:
        value = _public(name)
        yield Entry(name, value)
        if isinstance(value, type) and not issubclass(value, Enum) and not _tests(value) and name != _ALIAS:
            yield from (Entry(f"{name}.{attribute}", member) for attribute, member in _members(value))


def examples(page: str) -> dict[str, list[str]]:
    """Return the examples of a page, by the heading above them."""
    _, *parts = _HEADING.split(page)
    return {name: _EXAMPLE.findall(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}


def render(title: str, names: str, kept: dict[str, list[str]]) -> str:
    """Return the text of a page with the examples that it has."""
    module = "agenthost.testing" if names.split(maxsplit=1)[0] in testing.__all__ else "agenthost"
    lines = [f"# {title}: public names", f"Import these names from `{module}`."]
    for entry in entries(names.split()):
        lines += [f"{'###' if '.' in entry.name else '##'} {entry.name}", *_described(entry), *kept.get(entry.name, ())]
    return "\n\n".join(lines) + "\n"


def _public(name: str) -> Any:
    return getattr(agenthost if name in agenthost.__all__ else testing, name)


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield what a class has that no public class above it has."""
    above = {name for each in cls.__mro__[1:] if each in _PUBLIC for name in dir(each)}
    for name in dir(cls):
        owner = next((each for each in cls.__mro__ if name in vars(each)), None)
        if name.startswith("_") or name in above or owner is None or owner.__module__ in sys.builtin_module_names:
            continue
        value = vars(owner)[name]
        if type(value).__name__ != "member_descriptor":
            yield name, value


def _described(entry: Entry) -> Iterator[str]:
    yield f"```python signature\n{entry.signature}\n```"
    value = _unwrapped(entry.value)
    if entry.name == _ALIAS:
        yield "Another name of `FunctionResult`, which agents in the field use."
        return
    owner, _, attribute = entry.name.rpartition(".")
    text = _docstring(_public(owner), attribute) if owner else inspect.getdoc(value) or ""
    parsed = docstring_parser.parse(text, docstring_parser.DocstringStyle.GOOGLE)
    yield from (_text(part) for part in (parsed.short_description, parsed.long_description) if part)
    if parsed.params:
        rows = (f"| `{each.arg_name}` | {_cell(each.description)} |" for each in parsed.params)
        yield "\n".join(("| argument | meaning |", "|---|---|", *rows))
    if parsed.returns and parsed.returns.description:
        word = "Yields" if parsed.returns.is_generator else "Returns"
        yield f"{word}: {_cell(parsed.returns.description)}"
    yield from (f"Raises `{each.type_name}`: {_cell(each.description)}" for each in parsed.raises)
    if isinstance(value, type):
        yield from _tables(value)


def _tables(cls: type) -> Iterator[str]:
    """Yield the members of an enumeration, and the tests of a contract."""
    if issubclass(cls, Enum):
        rows = (f"| `{member.name}` | `{member.value!r}` |" for member in cls)
        yield "\n".join(("| member | value |", "|---|---|", *rows))
    if tests := _tests(cls):
        members = [name for name, _ in _members(cls) if name not in tests]
        for title, names in (("fixture or attribute | meaning", members), ("test | requirement", tests)):
            rows = (f"| `{name}` | {_cell(_docstring(cls, name))} |" for name in names)
            yield "\n".join((f"| {title} |", "|---|---|", *rows))


def _tests(cls: type) -> list[str]:
    return [name for name in dir(cls) if name.startswith("test_")]


def _docstring(cls: type, attribute: str) -> str:
    """Return the docstring of an attribute, also where it follows an assignment."""
    value = inspect.getattr_static(cls, attribute)
    if not isinstance(value, tuple | frozenset | bool | NoneType):
        return inspect.getdoc(_unwrapped(value)) or ""
    home = next(each for each in cls.__mro__ if attribute in vars(each))
    tree = ast.parse(inspect.getsource(import_module(home.__module__)))
    [body] = [node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == home.__name__]
    for node, after in pairwise(body):
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(getattr(target, "id", None) == attribute for target in targets):
            text = after.value if isinstance(after, ast.Expr) else None
            return textwrap.dedent(str(text.value)) if isinstance(text, ast.Constant) else ""
    return ""


def _unwrapped(value: Any) -> Any:
    """Return the function behind what a class has."""
    if isinstance(value, staticmethod | classmethod):
        return value.__func__
    return inspect.unwrap(value) if callable(value) else value


def _class(cls: type, name: str) -> str:
    if issubclass(cls, BaseException) or issubclass(cls, Enum) or getattr(cls, "_is_protocol", False):
        above = ", ".join("Protocol" if each.__name__ == "Protocol" else each.__name__ for each in cls.__bases__)
        return f"class {name}({above})"
    return "class " + _call(name, inspect.signature(cls)).removesuffix(" -> None")


def _call(name: str, signature: inspect.Signature) -> str:
    written = _parameters(signature)
    returned = signature.return_annotation
    end = "" if returned is signature.empty else f" -> {_written(returned)}"
    line = f"{name}({', '.join(written)}){end}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join((f"{name}(", *(f"    {each}," for each in written), f"){end}"))


def _parameters(signature: inspect.Signature) -> list[str]:
    written: list[str] = []
    star = False
    for each in signature.parameters.values():
        if each.name in ("self", "cls"):
            continue
        if each.kind is each.KEYWORD_ONLY and not star:
            written.append("*")
        star = star or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
        text = "*" * ((each.kind is each.VAR_POSITIONAL) + 2 * (each.kind is each.VAR_KEYWORD)) + each.name
        if each.annotation is not each.empty:
            text += f": {_written(each.annotation)}"
        if each.default is not each.empty:
            text += f" = {_default(each.default)}"
        written.append(text)
    return written


def _written(annotation: Any) -> str:
    if isinstance(annotation, type) and not hasattr(annotation, "__args__"):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")


def _default(value: Any) -> str:
    text = repr(value)
    return "..." if text == "NOTHING" or "<" in text else text


def _text(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str | None) -> str:
    """Return a text for a table, where a single sentence has no full stop."""
    line = " ".join(_text(text or "").split()).replace("|", "\\|")
    return line.removesuffix(".") if ". " not in line else line


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True)
    for name, (title, names) in PAGES.items():
        path = FOLDER / f"{name}.md"
        kept = examples(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(render(title, names, kept), encoding="utf-8")


if __name__ == "__main__":
    main()
