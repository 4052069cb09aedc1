"""The directory: what is read, and what becomes of it when the file changes."""

from __future__ import annotations

import logging
import os

import pytest
from agenthost_sip_directory import SipDirectory, read_directory

from agenthost import ConfigurationError, SipUri


def replace(file, text):
    new = file.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, file)  # noqa: PTH105 - as it is meant to be done


def agent_of(directory, user):
    return directory.resolve_sip(SipUri("sip", user, "x"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("users.csv", "user,agent,note\nVertrieb,sales,\n+4930555,support,the desk\n"),
        ("users.csv", "\ufeffagent,user\nsales,vertrieb\nsupport,+4930555\n"),
        ("users.toml", '[users]\nvertrieb = "sales"\n"+4930555" = "support"\n'),
    ],
)
def test_users_are_found(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    directory = SipDirectory(SipDirectory.Settings(str(tmp_path / name)))

    assert [agent_of(directory, user) for user in ("VERTRIEB", "+4930555", "nobody")] == ["sales", "support", None]


def test_a_file_that_changes_is_read_again(tmp_path, caplog):
    """A broken or missing version leaves the old one in use, logged once."""
    file = tmp_path / "users.csv"
    replace(file, "user,agent\na,one\n")
    directory = SipDirectory(SipDirectory.Settings(str(file)))
    replace(file, "user,agent\na,two\n")
    assert agent_of(directory, "a") == "two"

    with caplog.at_level(logging.ERROR):
        replace(file, "user,agent\na,one\nA,two\n")
        assert [agent_of(directory, "a") for _ in range(3)] == ["two"] * 3
        file.unlink()
        assert [agent_of(directory, "a") for _ in range(3)] == ["two"] * 3
    assert len(caplog.records) == 2
    assert "has two agents, 'one' and 'two'" in caplog.text

    replace(file, "user,agent\na,three\n")
    assert agent_of(directory, "a") == "three"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("users.csv", ""),
        ("users.csv", "name,agent\n"),
        ("users.csv", "user,agent\na\n"),
        ("users.csv", 'user,agent\n"a'),
        ("users.toml", "[users"),
        ("users.toml", "[users]\na = 1\n"),
        ("users.toml", ""),
        ("gone.csv", None),
    ],
)
def test_a_file_that_is_no_directory(tmp_path, name, text):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=name):
        read_directory(tmp_path / name)
