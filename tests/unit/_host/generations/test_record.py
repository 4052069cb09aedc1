"""The record of owners: kept apart for each environment and configuration, and never half written."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from attrs import evolve

from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.generations.owners import Owners
from agenthost._host.generations.record import read_record, record_path, write_record
from agenthost.errors import ConfigurationError

OWNERS = Owners({"sales": "acme"}, {"/sales": "acme:sales"}, {"help": "acme:sales"})


@pytest.fixture
def config(tmp_path):
    return Config(host=HostConfig(state_dir=str(tmp_path / "state")))


def test_what_was_written_is_read(config):
    write_record(config, OWNERS)
    owners = read_record(config)

    assert (owners.keys, owners.routes, owners.aliases) == (OWNERS.keys, OWNERS.routes, OWNERS.aliases)
    assert owners.place == record_path(config)
    assert Path(owners.place).stat().st_mode & 0o777 == 0o600


def test_nothing_was_written(config):
    assert read_record(config).keys == {}


def test_each_configuration_and_environment_has_its_own(config, monkeypatch):
    other = evolve(config, source="shop.toml")
    write_record(config, OWNERS)

    assert read_record(other).keys == {}
    monkeypatch.setattr(sys, "prefix", "/another/environment")
    assert read_record(config).keys == {}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "keys": {"a": 1}, "routes": {}, "aliases": {}}', "\xff"]
)
def test_a_record_that_is_damaged(config, text):
    """Nothing is guessed: whose key it is may restrict an agent."""
    write_record(config, OWNERS)
    path = record_path(config)
    Path(path).write_bytes(text.encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"cannot be used: .* fix: rm "):
        read_record(config)


def test_a_directory_that_cannot_be_written(config, tmp_path, caplog):
    (tmp_path / "state").write_text("a file")
    write_record(config, OWNERS)

    assert "owners are not stored" in caplog.text
    with pytest.raises(ConfigurationError):
        read_record(config)


def test_an_unchanged_record_is_left_alone(config):
    """A start in a read-only directory, with nothing new, warns of nothing."""
    write_record(config, OWNERS)
    path = Path(record_path(config))
    before = path.stat().st_ino
    write_record(config, OWNERS)

    assert path.stat().st_ino == before
    assert json.loads(path.read_text())["environment"] == os.path.realpath(sys.prefix)
