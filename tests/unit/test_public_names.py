"""The public names: what is promised is there, and nothing else is."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import agenthost

PUBLIC = [
    info.name
    for info in pkgutil.walk_packages(agenthost.__path__, "agenthost.")
    if not any(part.startswith("_") for part in info.name.split("."))
]


def test_all_is_sorted():
    """A reader finds a name where the alphabet puts it."""
    assert sorted(agenthost.__all__) == agenthost.__all__


@pytest.mark.parametrize("name", agenthost.__all__)
def test_promised_names_resolve(name):
    """Every promised name can be imported."""
    assert getattr(agenthost, name) is not None


def test_visible_names_are_the_promised_ones():
    """``dir`` shows the promised names and the marks that every module has."""
    visible = {name for name in dir(agenthost) if name.isidentifier() and not name.startswith("_")}
    modules = {name.split(".")[1] for name in PUBLIC}
    assert set(agenthost.__all__) == visible - modules - {"annotations", "TYPE_CHECKING"}


def test_unknown_name_is_an_attribute_error():
    """A misspelt name fails as in any module."""
    with pytest.raises(AttributeError, match="module 'agenthost' has no attribute 'AgentBas'"):
        _ = agenthost.AgentBas


@pytest.mark.parametrize("name", PUBLIC)
def test_public_modules_say_what_they_offer(name):
    """Every public module has an ``__all__``, and all of it is there."""
    module = importlib.import_module(name)
    assert all(hasattr(module, offered) for offered in module.__all__)
