"""Every regular expression of the package.

Each has its uses, and texts that make a bad one slow.
"""

from __future__ import annotations

import ast
import fnmatch
import importlib
import pkgutil
import re
import time
from itertools import product
from pathlib import Path
from re import _constants as code, _parser as parser
from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

import agenthost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import ModuleType

__all__ = ["Use", "seconds", "texts", "uses"]

_FUNCTIONS = frozenset({"match", "search", "fullmatch", "sub", "split", "findall", "finditer"})
_FLAGS_AT = {"compile": 1, "sub": 4}
_EXAMPLE = "a*1*"
"""Stands for what a pattern is given at run time."""
_MOST_LETTERS = 6
_MOST_BRANCHES = 16
_CATEGORIES = {
    code.CATEGORY_DIGIT: "0",
    code.CATEGORY_NOT_DIGIT: "a",
    code.CATEGORY_SPACE: " ",
    code.CATEGORY_NOT_SPACE: "a",
    code.CATEGORY_WORD: "a",
    code.CATEGORY_NOT_WORD: "-",
}
_PLAIN = "a0A \t\n-_.\"'\\<{[/"
_REPEATS = (code.MAX_REPEAT, code.MIN_REPEAT, code.POSSESSIVE_REPEAT)
_ONE = (code.NOT_LITERAL, code.ANY, code.IN)
_IMPORTS_RE = re.compile(r"^\s*(?:import|from) re\b", re.MULTILINE)


@frozen
class Use:
    """A pattern, and a function by which the package looks for it.

    Args:
        name: the module with the constant, or with the line of a pattern that is written into a function.
        function: of ``re``.
        pattern: compiled.
    """

    name: str
    function: str
    pattern: re.Pattern[Any] = field(eq=False, repr=False)

    def run(self, text: str) -> object:
        """Look for the pattern in a text."""
        given: Any = text.encode("latin-1", "replace") if isinstance(self.pattern.pattern, bytes) else text
        if self.function == "sub":
            return self.pattern.sub(given[:0], given)
        if self.function == "finditer":
            return list(self.pattern.finditer(given))
        return getattr(self.pattern, self.function)(given)


def seconds(use: Use, text: str) -> float:
    """The CPU time that a use takes of a text."""
    before = time.process_time()
    use.run(text)
    return time.process_time() - before


def uses() -> list[Use]:
    """Every use in the package, in order of their names."""
    found: set[Use] = set()
    for each in pkgutil.walk_packages(agenthost.__path__, "agenthost."):
        if not each.name.endswith("__main__"):
            found |= set(_uses(importlib.import_module(each.name)))
    return sorted(found, key=lambda use: (use.name, use.function))


def texts(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Return texts of a length that repeat parts of a pattern.

    The ends of some do not match.
    """
    parts = _Parts()
    if isinstance(pattern.pattern, bytes):
        tree = parser.parse(pattern.pattern.decode("latin-1"), (pattern.flags & ~re.LOCALE) | re.ASCII)
    else:
        tree = parser.parse(pattern.pattern, pattern.flags)
    whole = parts.example(tree)
    own = sorted(_letters(tree))[: 3 * _MOST_LETTERS]
    plain = {*own, " ", "a", "0"}
    units = {*parts.units, *plain, whole, f"{whole} ", *map("".join, product(own, "a0 "))}
    begun = {*parts.repeated, *product([""], units), *product([whole], plain)}
    for (start, unit), end in product(sorted(begun), ("", "\x01")):
        if unit:
            yield (start + unit * (length // len(unit) + 1))[: length - len(end)] + end


def _uses(module: ModuleType) -> Iterator[Use]:
    names = vars(module)
    constants = {
        name: [
            each for each in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(each, re.Pattern)
        ]
        for name, value in names.items()
    }
    source = Path(str(module.__file__)).read_text(encoding="utf-8")
    if not any(constants.values()) and not _IMPORTS_RE.search(source):
        return
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    by_owner: dict[str, set[str]] = {}
    for call in calls:
        by_owner.setdefault(ast.unparse(call.func.value), set()).add(call.func.attr)
    others = {each for owner, used in by_owner.items() if owner != "re" and not constants.get(owner) for each in used}
    others = (others & _FUNCTIONS) - {"split"} or {"finditer"}  # text is split, too
    for name, patterns in constants.items():
        used = by_owner.get(name, set()) & _FUNCTIONS or others
        yield from (Use(f"{module.__name__}.{name}", each, pattern) for pattern in patterns for each in used)
    inside = {id(each) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for each in ast.walk(node)}
    for call in calls:
        function = call.func.attr
        if ast.unparse(call.func.value) == "re" and (
            function in _FUNCTIONS or (function, id(call) in inside) == ("compile", True)
        ):
            pattern = re.compile(_written(call.args[0], names), _flags(call, names))
            used = others if function == "compile" else {function}
            yield from (Use(f"{module.__name__}:{call.lineno}", each, pattern) for each in used)


def _written(node: ast.expr, names: dict[str, Any]) -> str:
    """Return a pattern as it is written.

    Parts that are known only at run time have an example.
    """
    if isinstance(node, ast.JoinedStr):
        return "".join(_written(each, names) for each in node.values)
    if isinstance(node, ast.FormattedValue):
        return _written(node.value, names)
    try:
        return str(eval(ast.unparse(node), dict(names)))  # noqa: S307 - the package's own words
    except NameError:
        written = ast.unparse(node)
        if "translate" in written:
            return fnmatch.translate(_EXAMPLE * 4)
        return re.escape(_EXAMPLE) if "escape" in written else _EXAMPLE


def _flags(call: ast.Call, names: dict[str, Any]) -> int:
    given = [
        *call.args[_FLAGS_AT.get(call.func.attr, 2) :],
        *(each.value for each in call.keywords if each.arg == "flags"),
    ]
    try:
        return eval(ast.unparse(given[0]), dict(names)) if given else 0  # noqa: S307 - the package's own words
    except NameError:  # known only at run time
        return 0


@define
class _Parts:
    """The parts of a pattern, as texts that it matches.

    Args:
        units: what may come again and again.
        repeated: what comes before a part that may come again, with texts for that part.
    """

    units: set[str] = field(factory=set)
    repeated: set[tuple[str, str]] = field(factory=set)

    def example(self, tree: Iterable[Any], before: str = "") -> str:
        """Return the shortest text that a part matches.

        Record repeated parts, and the texts before them.
        """
        text = ""
        for what, given in tree:
            text += self._one(what, given, before + text)
        return text

    def _one(self, what: Any, given: Any, before: str) -> str:
        if what is code.LITERAL:
            return chr(given)
        if what in _ONE:
            return _kinds(what, given)[0]
        if what in _REPEATS:
            least, most, body = given
            once = self.example(body, before)
            if most > 1:
                letters = sorted(_letters(body))[:_MOST_LETTERS]
                units = {once, *letters, *map("".join, product(letters, repeat=2))}
                self.units |= units
                self.repeated |= {(before, unit) for unit in (*units, " ", "a", "0")}
            return once * least
        if what is code.BRANCH:
            found = [self.example(branch, before) for branch in given[1]]
            self.units |= {each + gap for each in found[:_MOST_BRANCHES] for gap in ("", " ")}
            return found[0]
        return "".join(self.example(body, before) for body in _bodies(what, given))


def _bodies(what: Any, given: Any) -> Iterable[Any]:
    """Return the patterns in a group.

    Anchors and lookaround have none.
    """
    if what is code.SUBPATTERN:
        return [given[-1]]
    if what is code.ATOMIC_GROUP:
        return [given]
    if what is code.BRANCH:
        return given[1]
    return [given[2]] if what in _REPEATS else []


def _letters(tree: Iterable[Any]) -> set[str]:
    """A letter of each kind that a part takes."""
    found: set[str] = set()
    for what, given in tree:
        if what is code.LITERAL:
            found.add(chr(given))
        elif what in _ONE:
            found |= set(_kinds(what, given))
        for body in _bodies(what, given):
            found |= _letters(body)
    return found


def _kinds(what: Any, given: Any) -> list[str]:
    """A letter of each kind that stands for one character."""
    if what is code.ANY:
        return list("a0 ")
    if what is code.NOT_LITERAL:
        return [each for each in _PLAIN if each != chr(given)]
    letters = []
    for kind, value in given:
        if kind is code.LITERAL:
            letters.append(chr(value))
        elif kind is code.RANGE:
            letters.append(chr(value[0]))
        elif kind is code.CATEGORY:
            letters.append(_CATEGORIES[value])
    return [each for each in _PLAIN if each not in letters] if given[0][0] is code.NEGATE else letters
