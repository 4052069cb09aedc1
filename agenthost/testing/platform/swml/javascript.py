"""Expressions in JavaScript as SWML has them, without functions and loops."""

from __future__ import annotations

import math
import operator
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import define, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["ScriptError", "as_text", "evaluate", "truthy"]

_LONGEST = 4096
_DEEPEST = 40
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<sign>===|!==|==|!=|<=|>=|&&|\|\||\?\?|[-+*/%<>!?:.,()\[\]]))"
)
_POWERS = {
    "??": 1,
    "||": 1,
    "&&": 2,
    "==": 3,
    "!=": 3,
    "===": 3,
    "!==": 3,
    "<": 4,
    ">": 4,
    "<=": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "%": 6,
}
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
Lookup: TypeAlias = "Callable[[str], Any]"
Node: TypeAlias = "tuple[Any, ...]"


class ScriptError(Exception):
    """An expression that JavaScript would refuse, or that SWML does not allow."""


@frozen
class _Token:
    kind: str
    text: str


def evaluate(source: str, lookup: Lookup) -> Any:
    """Evaluate an expression. ``lookup`` returns the value of a name.

    Raises:
        ScriptError: the expression is wrong.
    """
    if len(source) > _LONGEST:
        raise ScriptError("the expression is too long")
    parser = _Parser(_tokens(source))
    node = parser.expression(0, 0)
    if parser.peek is not None:
        msg = f"unexpected {parser.peek.text!r}"
        raise ScriptError(msg)
    return _value(node, lookup)


def truthy(value: Any) -> bool:
    """Return the truth of a value in JavaScript."""
    if isinstance(value, (list, dict)):
        return True
    return bool(value) and not (isinstance(value, float) and math.isnan(value))


def as_text(value: Any) -> str:
    """Return a value as JavaScript prints it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e21:
            return str(int(value))
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case list():
            return ",".join(as_text(item) for item in value[:100])
        case dict():
            return "[object Object]"
    try:
        return str(value)
    except ValueError:  # an integer with too many digits to print
        return "Infinity"


def _tokens(source: str) -> list[_Token]:
    tokens, position = [], 0
    source = source.rstrip()
    while position < len(source):
        found = _TOKEN.match(source, position)
        if found is None or found.end() == position:
            msg = f"cannot read {source[position : position + 20]!r}"
            raise ScriptError(msg)
        kind = found.lastgroup or ""
        tokens.append(_Token(kind, found[kind]))
        position = found.end()
    return tokens


@define
class _Parser:
    """Precedence climbing over tokens."""

    tokens: Sequence[_Token]
    at: int = 0

    @property
    def peek(self) -> _Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> _Token:
        token = self.peek
        if token is None:
            raise ScriptError("the expression ends too early")
        self.at += 1
        return token

    def sees(self, *signs: str) -> bool:
        token = self.peek
        return token is not None and token.kind == "sign" and token.text in signs

    def expect(self, sign: str) -> None:
        if not self.sees(sign):
            msg = f"{sign!r} is missing"
            raise ScriptError(msg)
        self.at += 1

    def expression(self, least: int, depth: int) -> Node:
        if depth > _DEEPEST:
            raise ScriptError("the expression is nested too deep")
        left = self.unary(depth)
        while (token := self.peek) is not None and token.kind == "sign":
            power = _POWERS.get(token.text, 0)
            if power <= least:
                break
            self.take()
            left = ("two", token.text, left, self.expression(power, depth + 1))
        if least == 0 and self.sees("?"):
            self.take()
            yes = self.expression(0, depth + 1)
            self.expect(":")
            left = ("if", left, yes, self.expression(0, depth + 1))
        return left

    def unary(self, depth: int) -> Node:
        if self.sees("!", "-", "+"):
            if depth > _DEEPEST:
                raise ScriptError("the expression is nested too deep")
            return ("one", self.take().text, self.unary(depth + 1))
        return self.members(self.primary(depth), depth)

    def members(self, node: Node, depth: int) -> Node:
        while self.sees(".", "[", "("):
            sign = self.take().text
            if sign == ".":
                name = self.take()
                if name.kind != "name":
                    raise ScriptError("a name is missing after '.'")
                node = ("member", node, ("value", name.text))
            elif sign == "[":
                node = ("member", node, self.expression(0, depth + 1))
                self.expect("]")
            else:
                node = ("call", node, self.arguments(depth))
        return node

    def arguments(self, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        while not self.sees(")"):
            found.append(self.expression(0, depth + 1))
            if not self.sees(")"):
                self.expect(",")
        self.take()
        return tuple(found)

    def primary(self, depth: int) -> Node:
        token = self.take()
        if token.kind == "number":
            return ("value", float(token.text) if "." in token.text or len(token.text) > 15 else int(token.text))
        if token.kind == "text":
            return ("value", re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token.text[1:-1]))
        if token.kind == "name":
            return ("value", _WORDS[token.text]) if token.text in _WORDS else ("name", token.text)
        if token.text == "(":
            node = self.expression(0, depth + 1)
            self.expect(")")
            return node
        msg = f"unexpected {token.text!r}"
        raise ScriptError(msg)


def _value(node: Node, lookup: Lookup) -> Any:
    match node:
        case ("value", value):
            return value
        case ("name", name):
            return lookup(name)
        case ("if", condition, yes, no):
            return _value(yes if truthy(_value(condition, lookup)) else no, lookup)
        case ("one", sign, operand):
            value = _value(operand, lookup)
            return not truthy(value) if sign == "!" else -_number(value) if sign == "-" else _number(value)
        case ("two", sign, left, right):
            return _two(sign, left, right, lookup)
        case ("member", of, key):
            return member(_value(of, lookup), _value(key, lookup))
        case ("call", function, arguments):
            return _called(function, [_value(argument, lookup) for argument in arguments], lookup)
    raise ScriptError("the expression cannot be read")


def _two(sign: str, left: Node, right: Node, lookup: Lookup) -> Any:
    first = _value(left, lookup)
    if sign == "&&":
        return _value(right, lookup) if truthy(first) else first
    if sign in {"||", "??"}:
        keep = truthy(first) if sign == "||" else first is not None
        return first if keep else _value(right, lookup)
    second = _value(right, lookup)
    if sign in {"===", "!=="}:
        return _same(first, second) == (sign == "===")
    if sign in {"==", "!="}:
        return _alike(first, second) == (sign == "==")
    if sign in _ORDERS:
        both_text = isinstance(first, str) and isinstance(second, str)
        pair = (first, second) if both_text else (_number(first), _number(second))
        return _ORDERS[sign](*pair)
    if sign == "+" and (isinstance(first, (str, list, dict)) or isinstance(second, (str, list, dict))):
        return as_text(first) + as_text(second)
    return _computed(sign, _number(first), _number(second))


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _computed(sign: str, first: float, second: float) -> Any:
    try:
        match sign:
            case "+":
                return first + second
            case "-":
                return first - second
            case "*":
                return first * second
            case "/":
                return first / second
        return math.fmod(first, second)
    except (ZeroDivisionError, OverflowError, ValueError):
        return math.nan


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return (type(first) is type(second) and bool(first == second)) or (_are_numbers(first, second) and first == second)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _alike(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return first is second
    if isinstance(first, (bool, int, float)) or isinstance(second, (bool, int, float)):
        return bool(_number(first) == _number(second))
    return bool(first == second)


def _number(value: Any) -> float:
    if isinstance(value, (bool, int, float)):
        return value
    if value is None:
        return 0
    try:
        return float(as_text(value).strip() or "0")
    except ValueError:
        return math.nan


def member(value: Any, key: Any) -> Any:
    """Return a member of a value, or None."""
    if isinstance(value, dict):
        return value.get(key if isinstance(key, str) else as_text(key))
    if isinstance(value, (list, str)):
        if key == "length":
            return len(value)
        try:
            index = int(as_text(key))
        except ValueError:
            return None
        return value[index] if 0 <= index < len(value) else None
    return None


def _called(function: Node, arguments: list[Any], lookup: Lookup) -> Any:
    texts = [as_text(argument) for argument in arguments]
    match function:
        case ("name", "parseInt" | "parseFloat" | "Number"):
            return _number(arguments[0]) if arguments else math.nan
        case ("name", "String"):
            return texts[0] if texts else ""
        case ("member", of, ("value", str() as name)):
            of_value = _value(of, lookup)
            method = _METHODS.get(name)
            if method is None:
                msg = f"the method {name!r} is not available"
                raise ScriptError(msg)
            try:
                return method(of_value, texts)
            except (IndexError, ValueError) as error:
                msg = f"{name}() cannot take these arguments"
                raise ScriptError(msg) from error
    raise ScriptError("functions are not available")


_METHODS: dict[str, Callable[[Any, list[str]], Any]] = {
    "toLowerCase": lambda value, _: as_text(value).lower(),
    "toUpperCase": lambda value, _: as_text(value).upper(),
    "toString": lambda value, _: as_text(value),
    "trim": lambda value, _: as_text(value).strip(),
    "includes": lambda value, texts: (
        texts[0] in [as_text(item) for item in value] if isinstance(value, list) else texts[0] in as_text(value)
    ),
    "startsWith": lambda value, texts: as_text(value).startswith(texts[0]),
    "endsWith": lambda value, texts: as_text(value).endswith(texts[0]),
    "indexOf": lambda value, texts: as_text(value).find(texts[0]),
    "slice": lambda value, texts: as_text(value)[int(texts[0]) : int(texts[1]) if len(texts) > 1 else None],
    "substring": lambda value, texts: as_text(value)[
        max(int(texts[0]), 0) : max(int(texts[1]), 0) if len(texts) > 1 else None
    ],
    "split": lambda value, texts: as_text(value).split(texts[0]) if texts[0] else list(as_text(value)),
}
