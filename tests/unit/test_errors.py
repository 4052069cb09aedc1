"""The exceptions, and the tree that the module draws of them."""

from __future__ import annotations

import inspect
import re

import pytest

from agenthost import errors
from agenthost.errors import ExitCode

_CLASSES = {
    name: value for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, BaseException)
}


def drawn():
    """Return the name of each class and of the class above it.

    The root has none.
    """
    parents: dict[str, str | None] = {}
    above: dict[int, str] = {}
    for line in inspect.getdoc(errors).splitlines():
        found = re.match(r"(?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:\s{2,}\S|$)", line)
        if found is None:
            continue
        depth = len(found["branch"]) // 4
        parents[found["name"]] = above[depth - 1] if depth else None
        above[depth] = found["name"]
    return parents


def test_the_drawn_tree_is_the_tree():
    """The drawing has every class below its base class, and nothing else."""
    expected = {
        name: None if value.__bases__[0] is Exception else value.__bases__[0].__name__
        for name, value in _CLASSES.items()
    }

    assert expected == drawn()


def test_every_exception_is_public():
    assert {*_CLASSES, "ExitCode"} == set(errors.__all__)


@pytest.mark.parametrize("cls", _CLASSES.values(), ids=_CLASSES)
def test_each_says_when_it_is_raised(cls):
    """A person who meets one can read what it means."""
    assert vars(cls).get("__doc__")


def test_the_drawing_names_what_else_a_class_is():
    """A drawn ``also a …`` is a second base, and a second base is drawn."""
    said = dict(re.findall(r"(\w+) +[^\n]*\(also an? (\w+)\)", inspect.getdoc(errors)))

    assert {name: cls.__bases__[1].__name__ for name, cls in _CLASSES.items() if len(cls.__bases__) > 1} == said


def test_exit_codes():
    """Scripts compare these numbers, so they never change."""
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "FINDINGS": 1,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "PLUGIN": 4,
        "INTERNAL": 5,
    }
