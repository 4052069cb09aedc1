"""The skill ``math``: exact arithmetic, which language models lack."""

from __future__ import annotations

import ast
import math
import operator
from typing import TYPE_CHECKING, Any

from agenthost import AgentBase, FunctionResult, Skill

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["MathSkill", "evaluate"]

LONGEST = 200
"""The longest expression, in characters."""
MOST_DIGITS = 300
"""The most digits of a result, including intermediate ones."""

_BITS = MOST_DIGITS * math.log2(10)
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


class MathSkill(Skill):
    """Calculates arithmetic expressions."""

    def prompt_sections(self) -> Sequence[Mapping[str, Any]]:
        """Tell the model when to calculate."""
        return [
            {
                "title": "Arithmetic",
                "body": "Never do sums in your head.",
                "bullets": [
                    f"Pass each of them to {self.tool_name('calculate')} as an expression.",
                    "It takes numbers, parentheses and + - * / // % **.",
                ],
            }
        ]

    @AgentBase.tool(
        description="Calculate an arithmetic expression of numbers, parentheses and + - * / // % **.",
        parameters={"expression": {"type": "string", "description": "The expression, such as (17.5 + 3) * 4"}},
        required=["expression"],
    )
    def calculate(self, args: dict[str, Any]) -> FunctionResult:
        """Calculate an expression."""
        expression = args["expression"].strip()
        try:
            return FunctionResult(f"{expression} = {evaluate(expression)}")
        except ZeroDivisionError:
            return FunctionResult("That would divide by zero, which has no result.")
        except (ValueError, OverflowError) as error:
            return FunctionResult(f"This cannot be calculated: {error}.")


def evaluate(expression: str) -> float:
    """Evaluate an arithmetic expression without running code.

    Args:
        expression: numbers, parentheses and ``+ - * / // % **``, at most 200 characters.

    Raises:
        ValueError: the text is not such an expression, or a number has more than 300 digits.
        ZeroDivisionError: the expression divides by zero.
        OverflowError: a floating-point number becomes too large.
    """
    if len(expression) > LONGEST:
        msg = f"the expression has more than {LONGEST} characters"
        raise ValueError(msg)
    try:
        tree = ast.parse(expression, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = "it is not an arithmetic expression"
        raise ValueError(msg) from None
    return _value(tree.body)


def _value(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool):
        return _bounded(node.value)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _bounded(_UNARY[type(node.op)](_value(node.operand)))
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if type(node.op) in _BINARY:
            return _bounded(_BINARY[type(node.op)](left, right))
    msg = "only numbers, parentheses and + - * / // % ** can be used"
    raise ValueError(msg)


def _power(base: float, exponent: float) -> float:
    """Raise to a power, after a check of its size, which could take minutes."""
    if abs(base) > 1 and exponent * math.log2(abs(base)) > _BITS:
        raise _too_large()
    result = base**exponent
    if isinstance(result, complex):
        msg = "a root of a negative number has no real value"
        raise ValueError(msg)  # noqa: TRY004 - it is the value that is wrong
    return _bounded(result)


def _bounded(value: float) -> float:
    if isinstance(value, int) and value.bit_length() > _BITS:
        raise _too_large()
    if isinstance(value, float) and not math.isfinite(value):
        raise _too_large()
    return value


def _too_large() -> ValueError:
    return ValueError(f"a number has more than {MOST_DIGITS} digits")
