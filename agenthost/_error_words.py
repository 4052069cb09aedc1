"""The text of an exception: printable, in one line, of bounded length.

A package's exception may contain anything: line breaks that forge a line of the log, control characters that move a
terminal's cursor, marks that change the direction of writing, megabytes.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from agenthost._escaping import escaped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from traceback import TracebackException

__all__ = ["MOST", "author_traceback", "did_you_mean", "message_of", "near_name", "one_line", "summary_of", "words_of"]

MOST = 300
"""The longest line, in characters."""
_MOST_OF_TRACEBACK = 8000
"""The most characters of a traceback, of which the end says most."""
_READ = 8
"""Factor of characters to read, since line breaks and indents in a row become one space."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a question with the nearest known name, or an empty text.

    It ends with a space, so that a sentence can follow.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # 6 ms that only a mistake has to pay

    nearest = get_close_matches(name, list(known), 1)
    return f"Did you mean {nearest[0]}? " if nearest else ""


def near_name(error: BaseException) -> str:
    """Return ``. Did you mean price?`` for a misspelt name, or an empty text."""
    try:
        name, known = _misspelt(error)
        question = did_you_mean(name, (each for each in known if isinstance(each, str))) if name else ""
    except Exception:  # noqa: BLE001 - an author's code, such as __dir__
        return ""
    return f". {question.rstrip()}" if question else ""


def _misspelt(error: BaseException) -> tuple[str, Iterable[str]]:
    """Return the name that an exception is about, and the known ones."""
    name, words = str(getattr(error, "name", None) or ""), words_of(error)
    import builtins  # noqa: PLC0415 - only for a mistake
    import inspect  # noqa: PLC0415 - as above

    names = _names_at(error)
    if isinstance(error, AttributeError):
        return name, dir(error.obj)
    if isinstance(error, ModuleNotFoundError):
        itself = "" if "__path__" in names else str(names.get("__name__", ""))  # a file does not import itself
        return ("" if "." in name else name), (each for each in _modules() - {itself} if not each.startswith("_"))
    if isinstance(error, ImportError) and (found := re.match(r"cannot import name '(\w+)' from '([\w.]+)'", words)):
        module = sys.modules.get(found[2])
        return found[1], getattr(module, "__all__", None) or dir(module)
    if isinstance(error, NameError):
        return name, [*names, *dir(builtins)]
    if isinstance(error, TypeError) and (found := re.match(r"([\w.]+)\(\) got an unexpected keyword .*'(\w+)'", words)):
        first, *rest = found[1].split(".")
        function = names.get(first)
        for each in rest:
            function = getattr(function, each, None)
        if callable(function):
            return found[2], inspect.signature(function).parameters
    return "", ()


def _names_at(error: BaseException) -> dict[str, object]:
    """Return the names that are known where an exception was raised."""
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return {} if frame is None else {**frame.tb_frame.f_globals, **frame.tb_frame.f_locals}


def _modules() -> set[str]:
    from pkgutil import iter_modules  # noqa: PLC0415 - only for a mistake

    return {*sys.stdlib_module_names, *(each.name for each in iter_modules())}


def words_of(error: BaseException) -> str:
    """Return an exception's text, or a note if its ``__str__`` raises."""
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 - an author's code
        return "(its words cannot be read)"


def message_of(error: BaseException, most: int = MOST) -> str:
    """Return an exception's text in one line, empty if it has none."""
    return one_line(words_of(error), most)


def summary_of(error: BaseException, most: int = MOST) -> str:
    """Return an exception's class and text in one line: ``ValueError: no such day``."""
    name, message = type(error).__name__, message_of(error, most)
    return one_line(f"{name}: {message}" if message else name, most)


def one_line(text: str, most: int = MOST) -> str:
    """Return a text as one short line.

    White space becomes a space, what cannot be shown is escaped, and what is too much becomes an ellipsis.

    ``most`` is the number of characters of the result.
    """
    begin = text[: most * _READ]
    line = escaped(" ".join(begin.split()))
    if len(line) <= most and len(begin) == len(text):
        return line
    return f"{line[: most - 1]}…"


def author_traceback(error: BaseException, module: str | None = "") -> str:
    """Return a traceback with the frames of the author's files alone.

    Frames of agenthost, of the standard library and of installed packages are left out, except for those of the
    top-level ``module``. None keeps all installed packages.
    """
    from traceback import TracebackException  # noqa: PLC0415 - lists pay for none

    told = TracebackException.from_exception(error, compact=True)
    _trim(told, _is_of_author(module), set())
    lines = "".join(told.format())[-_MOST_OF_TRACEBACK:].splitlines()
    return "\n".join(line for line in lines if line != "Traceback (most recent call last):")


def _trim(told: TracebackException, own: Callable[[str], bool], seen: set[int]) -> None:
    if id(told) in seen:
        return
    seen.add(id(told))
    if getattr(told, "filename", None):  # of a SyntaxError
        told.filename = _from_here(str(told.filename))
    told.stack[:] = [frame for frame in told.stack if own(frame.filename)]
    for frame in told.stack:
        frame.filename = _from_here(frame.filename)
    for inner in (told.__cause__, told.__context__, *(told.exceptions or ())):
        if inner is not None:
            _trim(inner, own, seen)


def _is_of_author(module: str | None) -> Callable[[str], bool]:
    from sysconfig import get_path  # noqa: PLC0415 - as above

    ours = os.path.dirname(os.path.abspath(__file__)) + os.sep  # noqa: PTH100, PTH120 - every command imports this module
    standard = tuple({get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
    parts = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")

    def own(file: str) -> bool:
        if file.startswith(("<", ours)):
            return False
        for part in parts:
            if part in file:
                return module is None or file.rpartition(part)[2].startswith((f"{module}{os.sep}", f"{module}.py"))
        return not file.startswith(standard)

    return own


def _from_here(file: str) -> str:
    """Return a path relative to the current directory, if it lies below."""
    try:
        here = os.getcwd() + os.sep  # noqa: PTH109 - as above
    except OSError:
        return file
    return file.removeprefix(here)
