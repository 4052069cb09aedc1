"""The reference of the simulated platform matches the code."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
from pages import DOCS, section

from agenthost.testing import platform
from agenthost.testing.platform.ai.actions import NOT_PERFORMED

PAGE = DOCS / "reference" / "simulated-platform.md"
TEXT = PAGE.read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in Path(platform.__file__).parent.rglob("*.py")]


def names(text):
    return set(re.findall(r"`(?:await )?([A-Za-z_]\w*)", text))


def test_every_public_name_is_documented():
    assert set(platform.__all__) <= names(TEXT)


def test_every_option_is_documented():
    rows = re.findall(r"^\| (`[^|]+) \|", section(PAGE, "Options"), re.MULTILINE)

    assert names(" ".join(rows)) == {option.name for option in attrs.fields(platform.PlatformOptions)}


def test_every_member_of_a_call_is_documented():
    members = {name for name in vars(platform.Call) if not name.startswith("_")}

    assert members - {"id"} <= names(section(PAGE, "Call"))


def test_every_kind_of_event_is_documented():
    """The table of the trace has those that the code adds, and no others."""
    emitted = {kind for source in SOURCES for kind in re.findall(r"trace\(\s*\"([a-z_]+)\"", source)}
    emitted |= {"call", "finding", "inactivity", "hard_stop"}
    rows = re.findall(r"^\| (`[^|]+) \|", section(PAGE, "Trace"), re.MULTILINE)

    assert names(" ".join(rows)) == emitted


def test_actions_without_an_effect_are_listed():
    assert set(NOT_PERFORMED) <= names(section(PAGE, "Not simulated"))
