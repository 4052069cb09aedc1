"""The texts of the console, found in its templates and its code.

``python tests/console_texts.py`` writes all of them to ``console.pot``, the file that a translation begins with.
"""

from __future__ import annotations

import ast
import gc
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

ROOM = Path(__file__).resolve().parents[1] / "agenthost" / "_web" / "console"
CATALOGUE = ROOM / "languages" / "console.pot"
_FUNCTIONS = ("gettext", "ngettext", "later")
_LOGGING = ("audit", "exception", "warning")
_SENTENCE = re.compile(r"[A-Za-z]{2,},? [a-z]{2,}")
_NAME = "agenthost"
_ATTRIBUTE = re.compile(r' [a-z-]+="[^"]*"')
_HEAD = """\
# Texts of the console of agenthost. Written by tests/console_texts.py.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=INTEGER; plural=EXPRESSION;\\n"
"""


@cache
def templates():
    """Return the tree of each template, by its path in the room."""
    environment = Environment(extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True, autoescape=True)
    paths = sorted((ROOM / "templates").glob("*.html"))
    return {f"templates/{path.name}": environment.parse(path.read_text(encoding="utf-8")) for path in paths}


@cache
def texts():
    """Return the places of each text: a pair of singular, and plural or None."""
    found = {}
    for place, tree in templates().items():
        for _, _, message in extract_from_ast(tree):
            one, many, *_ = (*message, None) if isinstance(message, tuple) else (message, None)
            if one is not None:  # otherwise a text that ``later`` has marked in the code
                found.setdefault((one, many), set()).add(place)
    for place, tree in _code().items():
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in _FUNCTIONS:
                written = [each.value for each in call.args if isinstance(each, ast.Constant)]
                if written:  # as above
                    pair = (written[0], written[1] if call.func.id == "ngettext" else None)
                    found.setdefault(pair, set()).add(place)
    return found


def catalogue():
    """Return all texts as gettext's file of messages to translate."""
    entries = [_HEAD]
    for (one, many), places in sorted(texts().items(), key=lambda each: (sorted(each[1]), each[0][0])):
        told = [f"#: {' '.join(sorted(places))}", f"msgid {_quoted(one)}"]
        told += ['msgstr ""'] if many is None else [f"msgid_plural {_quoted(many)}", 'msgstr[0] ""', 'msgstr[1] ""']
        entries.append("\n".join(told) + "\n")
    return "\n".join(entries)


def untranslated_in_code():
    """Return the sentences in the code that are neither for gettext nor for the log."""
    found = []
    for tree in _code().values():
        known = {id(part) for each in ast.walk(tree) if _is_known(each) for part in ast.walk(each)}
        texts = [each for each in ast.walk(tree) if isinstance(each, ast.Constant) and id(each) not in known]
        found += [each.value for each in texts if isinstance(each.value, str) and _SENTENCE.search(each.value)]
    return found


@cache
def _code():
    """Return the tree of each file of the console, by its path in the room."""
    paths = sorted(ROOM.rglob("*.py"))
    gc.disable()  # Python before 3.11.8 raises SystemError if a finalizer parses something meanwhile
    try:
        return {path.relative_to(ROOM).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
    finally:
        gc.enable()


def _is_known(node):
    """Return True for a docstring, and for a call whose texts are translated or logged."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if not isinstance(node, ast.Call):
        return False
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in (*_FUNCTIONS, *_LOGGING)


def untranslated(tree):
    """Return the words of a template that a reader sees and no translation reaches."""
    seen = _Seen()
    seen.feed("".join(_shown(tree)))
    seen.close()
    return seen.words


class _Seen(HTMLParser):
    """Collects what is shown: text, and attributes that are read out."""

    _ATTRIBUTES = ("aria-label", "alt", "title")
    _CODE = ("code", "pre", "script", "style")

    def __init__(self):
        super().__init__()
        self.words = []
        self._inside = []

    def handle_starttag(self, tag, attrs):
        self._inside.append(tag)
        self.words += [value for name, value in attrs if name in self._ATTRIBUTES and _has_words(value or "")]

    def handle_endtag(self, tag):
        self._inside = self._inside[: -self._inside[::-1].index(tag) - 1] if tag in self._inside else self._inside

    def handle_data(self, data):
        data = _ATTRIBUTE.sub("", data.replace(_NAME, ""))  # a block may be an attribute
        if _has_words(data) and not set(self._CODE) & set(self._inside):
            self.words.append(data.strip())


def _has_words(text):
    return any(each.isalpha() for each in text.replace(" ms", "").replace(" MB", "").replace("://", ""))


def _shown(node):
    """Yield the literal texts of a template in order, without those for gettext."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Output):
        for each in node.nodes:
            yield from _shown(each) if isinstance(each, nodes.TemplateData) else _literals(each)
    else:
        for each in node.iter_child_nodes():
            if isinstance(each, (nodes.Stmt, nodes.Template)):
                yield from _shown(each)


def _literals(node):
    """Yield the texts that an expression may be, such as either side of a condition."""
    if isinstance(node, nodes.Const):
        yield str(node.value) if isinstance(node.value, str) else ""
    elif isinstance(node, nodes.CondExpr):
        yield from _literals(node.expr1)
        yield from _literals(node.expr2) if node.expr2 is not None else ()
    elif isinstance(node, (nodes.Or, nodes.And, nodes.Add)):
        yield from _literals(node.left)
        yield from _literals(node.right)
    elif isinstance(node, nodes.Concat):
        for each in node.nodes:
            yield from _literals(each)
    elif isinstance(node, nodes.Filter) and node.name != "format":
        yield from _literals(node.node)


def _quoted(text):
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    CATALOGUE.parent.mkdir(exist_ok=True)
    CATALOGUE.write_text(catalogue(), encoding="utf-8")
