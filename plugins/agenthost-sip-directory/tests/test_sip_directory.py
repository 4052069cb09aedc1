"""The directory: what is read, and what becomes of it when the file changes."""

from __future__ import annotations

import logging
import os

import pytest
from agenthost_sip_directory import SipDirectory, read_directory

from agenthost import AgentBase, ConfigurationError, SipUri
from agenthost.testing import PluginContract


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


@pytest.fixture
def users(tmp_path):
    file = tmp_path / "users.csv"
    file.write_text("user,agent\nvertrieb,desk\n+4930555,desk\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("address", ["sip:Vertrieb@office.example", "sip:+4930555@office.example;user=phone"])
def test_a_caller_reaches_the_agent_of_the_file(agenthost_host, users, address):
    agenthost_host.add(AgentBase("desk", "/desk")).add_plugin(SipDirectory, "sip-directory")
    agenthost_host.config(f'[plugins.sip-directory]\nfile = "{users}"\n')

    assert agenthost_host.sip(address).agent == "/desk"
    agenthost_host.sip("sip:nobody@office.example").expect.ended("script_error")


class TestContract(PluginContract):
    """The plugin keeps the contract of plugins."""

    @pytest.fixture
    def plugin(self):
        return SipDirectory

    @pytest.fixture
    def toml(self, users):
        return f'[plugins.tested]\nfile = "{users}"\n'
