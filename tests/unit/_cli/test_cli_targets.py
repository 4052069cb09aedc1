"""Targets of ``agenthost run``: files, folders, and the ``AgentServer`` of a program."""

from __future__ import annotations

import sys

import click
import pytest
from hypothesis import given, strategies as st

from agenthost._cli.parts.options import from_here, program_of

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "some_shop.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("target", ["some_shop:server", "some_shop:made.server", "some_shop.desks:server"])
def test_a_program_is_a_module_and_a_name(here, target):
    """It is not imported before the workers do."""
    before = sys.path[:]

    assert program_of(target) == target
    assert sys.path == before
    assert "some_shop" not in sys.modules


@pytest.mark.parametrize(
    "target", [None, "", ".", "shop.py", "shop.py:Desk", "shop", "acme-shop:desk", "1shop:desk", ".:desk"]
)
def test_other_targets_are_not_programs(target):
    assert program_of(target) is None


@given(module=NAMES, name=NAMES)
def test_a_file_is_never_a_program(module, name):
    """``shop.py:Desk`` names an agent."""
    assert program_of(f"{module}.py:{name}") is None


def test_a_module_that_does_not_exist_is_rejected(here):
    with pytest.raises(click.UsageError, match="no module 'no_shop' here"):
        program_of("no_shop:server")


def test_modules_of_this_directory_can_be_imported(here, tmp_path):
    with from_here():
        assert sys.path[0] == str(tmp_path)
    assert sys.path[0] != str(tmp_path)
