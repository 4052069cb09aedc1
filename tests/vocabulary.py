"""Hold docstrings, comments, messages and pages to the English of the project.

``python tests/vocabulary.py PATH ...`` reads Python files and Markdown pages below the paths, prints each finding as
``file:line: phrase: replacement``, and exits with 1 if there are any. ``tox -e lint`` runs it.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Finding", "check_markdown", "check_python", "main"]

MOST_WORDS = 15
# No docstring begins with one of these: a verb in the imperative or a noun says more.
FIRST_WORDS = re.compile(
    "(any|every|no|some)body|how(ever)?|what(ever)?|where(ver)?|whether|which(ever)?|who(ever|m|se)?|why"
)
# A heading is what people search for.
FIRST_WORDS_OF_HEADINGS = re.compile("(every|no|some)body|who(ever|m|se)")
_CODE = (
    "host|server|process|worker|store|plan|function|method|hook|probe|configuration|document|platform|request|command"
)
# A phrase, and the words to write instead.
PHRASES = (
    (r"mend(?:s|ed|ing)?", "fix"),
    (r"add-?ons?", "plugin"),
    (r"(?:chat)?bots?", "agent"),
    (r"heartbeats?", "probe"),
    (r"(?<!\bthere )(?<!\bThere )(?:is|are) no (?!longer\b|more\b|less\b|such\b|matter\b)[a-z]+", '"is not a ..."'),
    (r"tak(?:e|es|en|ing) notice", '"notice", "detect" or "log"'),
    (r"(?:is|are|was|were|be|been|being) told", '"receive", "read" or "is logged"'),
    (r"(?:say|says|said|saying) so", '"log", "report" or "return" it'),
    (r"stands? in", '"replace"'),
    (r"comes? with a restart", '"need a restart"'),
    (rf"(?:{_CODE})s? (?:hears?|asks?|wants?|tells?|says?|knows?)", '"receive", "request", "need", "return" or "log"'),
)
_PHRASES = tuple((re.compile(rf"(?<![\w`/.-])(?:{phrase})(?![\w-])"), instead) for phrase, instead in PHRASES)
_SPEAKERS = re.compile("critical|debug|s?echo|error|exception|info|option|style|warn(ing)?")
_NAMES_OF_MESSAGES = frozenset(("msg", "message", "reason", "fix", "finding"))
_WORDS_OF_KEYWORDS = frozenset(("help", "short_help", "epilog", "fix"))


class Finding(NamedTuple):
    """A phrase that breaks the style, and the replacement for it."""

    file: str
    line: int
    phrase: str
    instead: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.phrase!r}: {self.instead}"


def check_python(file: str, source: str) -> list[Finding]:
    """Return the findings in a Python file, in the order of its lines."""
    tree = ast.parse(source, file)
    findings: list[Finding] = []
    docstrings = list(_docstrings(tree))
    for owner, node, text in docstrings:
        if not _is_tool(owner):
            findings += _first_line(file, node.lineno, text)
        findings += _phrases(file, node.lineno, text)
    for node, text in _attribute_docs(tree):
        findings += _first_word(file, node.lineno, text.split())
        findings += _phrases(file, node.lineno, text)
    known = {id(node) for _, node, _ in docstrings}
    for node, text in _messages(tree):
        if id(node) not in known:
            findings += _phrases(file, node.lineno, text)
    for line, text in _comments(source):
        findings += _phrases(file, line, text)
    return sorted(set(findings), key=lambda finding: (finding.line, finding.phrase))


def check_markdown(file: str, source: str) -> list[Finding]:
    """Return the findings in a Markdown page, in the order of its lines."""
    findings = _phrases(file, 1, source)
    fenced = False
    for line, text in enumerate(source.splitlines(), 1):
        fenced ^= text.lstrip().startswith("```")
        heading = re.match(r"#+ +(\w+)", text)
        if not fenced and heading and FIRST_WORDS_OF_HEADINGS.fullmatch(heading[1].lower()):
            findings.append(Finding(file, line, heading[1], "begin the heading with the noun that people search for"))
    return sorted(findings, key=lambda finding: finding.line)


def _docstrings(tree: ast.AST) -> Iterator[tuple[ast.AST, ast.Constant, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or not node.body:
            continue
        first = node.body[0]
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
            yield node, first.value, first.value.value


def _attribute_docs(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the texts that describe the variable or the field above them."""
    for node in ast.walk(tree):
        body = getattr(node, "body", ())
        for above, below in pairwise(body if isinstance(body, list) else ()):
            if not isinstance(above, ast.Assign | ast.AnnAssign) or not isinstance(below, ast.Expr):
                continue
            if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
                yield below.value, below.value.value


def _is_tool(node: ast.AST) -> bool:
    """Return True for a tool, whose docstring is its description for language models."""
    decorators = getattr(node, "decorator_list", ())
    return any(_name(each.func if isinstance(each, ast.Call) else each) == "tool" for each in decorators)


def _first_line(file: str, line: int, docstring: str) -> Iterator[Finding]:
    text = docstring.strip().split("\n\n", maxsplit=1)[0]
    words = text.split()
    if not words:
        return
    yield from _first_word(file, line, words)
    if ";" in text:
        yield Finding(file, line, ";", "make two sentences of a docstring's first line")
    if len(words) > MOST_WORDS:
        yield Finding(file, line, f"{len(words)} words", f"say it in {MOST_WORDS}, and the rest in a paragraph below")


def _first_word(file: str, line: int, words: Sequence[str]) -> Iterator[Finding]:
    if words and FIRST_WORDS.fullmatch(words[0].strip("\"'.,:;!?").lower()):
        yield Finding(file, line, words[0], "begin the docstring with an imperative verb or a noun")


def _messages(tree: ast.AST) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the texts that are raised, logged, printed or shown as help."""
    for node in ast.walk(tree):
        spoken: list[ast.AST] = []
        if isinstance(node, ast.Raise) and node.exc is not None:
            spoken.append(node.exc)
        elif isinstance(node, ast.Assign) and any(_name(target) in _NAMES_OF_MESSAGES for target in node.targets):
            spoken.append(node.value)
        elif isinstance(node, ast.Call):
            if _SPEAKERS.fullmatch(_name(node.func)):
                spoken += node.args
            spoken += [keyword.value for keyword in node.keywords if keyword.arg in _WORDS_OF_KEYWORDS]
        for part in spoken:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str):
                    yield inner, inner.value


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def _phrases(file: str, line: int, text: str) -> list[Finding]:
    return [
        Finding(file, line + text.count("\n", 0, found.start()), found[0], f"write {instead}")
        for phrase, instead in _PHRASES
        for found in phrase.finditer(text)
    ]


def _files(paths: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, paths):
        yield from (
            sorted(found for kind in ("*.py", "*.md") for found in path.rglob(kind)) if path.is_dir() else (path,)
        )


def main(paths: Iterable[str]) -> int:
    """Print the findings below some paths, and return the exit code."""
    findings: list[Finding] = []
    for path in _files(paths):
        check = check_markdown if path.suffix == ".md" else check_python
        with suppress(SyntaxError):  # a package that the tests load
            findings += check(str(path), path.read_text(encoding="utf-8"))
    for finding in findings:
        print(finding)  # noqa: T201 - its output
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
