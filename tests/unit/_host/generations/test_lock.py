"""The lock file: it is read as written, and refused with the line if invalid."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import given, strategies as st

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import Config
from agenthost._host.generations.lock import lock_path, read_lock, write_lock
from agenthost._host.generations.locked import Lock, LockedAgent, LockedDistribution
from agenthost.errors import ConfigurationError

WORDS = st.text("abc-_ '\"\\é", min_size=1, max_size=8)
AGENTS_OF = st.builds(
    LockedAgent, key=WORDS, route=st.none() | WORDS, tools=st.lists(WORDS).map(tuple), sip=st.lists(WORDS).map(tuple)
)
DISTRIBUTIONS = st.builds(
    LockedDistribution,
    version=WORDS,
    hashes=st.lists(WORDS, min_size=1).map(tuple),
    hooks=st.lists(WORDS).map(tuple),
    agents=st.dictionaries(WORDS, AGENTS_OF, max_size=2),
)
ACME = LockedDistribution(
    version="1.0", hashes=("sha256:1",), agents={"sales": LockedAgent(key="sales", route="/sales")}
)


@pytest.fixture
def config(tmp_path):
    return Config(source=str(tmp_path / "agenthost.toml"))


def written(config, text):
    Path(lock_path(config)).write_text(text)
    return config


@given(st.dictionaries(WORDS, DISTRIBUTIONS, max_size=3), st.dictionaries(WORDS, WORDS, max_size=3))
def test_what_is_written_is_read(tmp_path_factory, distributions, dependencies):
    config = Config(source=str(tmp_path_factory.mktemp("lock") / "agenthost.toml"))
    write_lock(Lock(lock_path(config), distributions, dependencies))
    lock = read_lock(config)

    assert (dict(lock.distributions), dict(lock.dependencies)) == (distributions, dependencies)


def test_without_a_lock_file(config):
    assert read_lock(config) is None


def test_the_lock_stands_beside_the_configuration(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert lock_path(config) == lock_path(Config()) == str(tmp_path / "agenthost.lock")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("format = ", "agenthost.lock:1"),
        ("", "format"),
        ("format = 2\n", "agenthost.lock:1: format: format 2 is not one that this agenthost reads. fix: pip install"),
        ("format = 1\nsigned = true\n", "agenthost.lock:2"),
        ('format = 1\n[distributions.acme]\nversion = "1"\n', "agenthost.lock:2"),
        ('format = 1\n[distributions.acme]\nversion = 1\nhashes = ["a"]\n', "agenthost.lock:3"),
        ('format = 1\n[distributions.acme]\nversion = "1"\nhashes = ["a"]\nextra = 1\n', "agenthost.lock:5"),
        (
            'format = 1\n[distributions.a]\nversion = "1"\nhashes = ["a"]\n[distributions.a.agents.x]\ncolour = 1\n',
            "agenthost.lock:6",
        ),
        ("format = 1\n[dependencies]\nattrs = 26\n", "agenthost.lock:3"),
        ("format = 1\ndistributions = 1\n", "agenthost.lock:2"),
    ],
)
def test_what_cannot_be_understood_is_refused(config, text, says):
    """The error has the line, so a bad merge is found.

    No part of the file is used.
    """
    with pytest.raises(ConfigurationError) as refused:
        read_lock(written(config, text))
    assert says in str(refused.value)
    assert " fix: " in str(refused.value)
    assert "fix: agenthost lock" not in str(refused.value), "which refuses it, too"


@pytest.mark.parametrize("kind", ["directory", "link", "pipe"])
def test_what_is_not_a_file_is_refused(config, kind):
    """Without a lock file, everything would be served."""
    place = Path(lock_path(config))
    {"directory": place.mkdir, "link": lambda: place.symlink_to("missing"), "pipe": lambda: os.mkfifo(place)}[kind]()

    with pytest.raises(ConfigurationError, match=r"agenthost.lock: it is not a file, or a link to none. fix: remove"):
        read_lock(config)


def test_a_link_to_a_lock_file_is_followed(config, tmp_path):
    written(config, "format = 1\n")
    Path(lock_path(config)).rename(tmp_path / "kept.lock")
    Path(lock_path(config)).symlink_to(tmp_path / "kept.lock")

    assert read_lock(config) is not None


def test_a_full_disk_leaves_the_old_file(config, monkeypatch):
    write_lock(Lock(lock_path(config), {"acme": ACME}))
    before = Path(lock_path(config)).read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device; the old file is as it was"):
        write_lock(Lock(lock_path(config), {}))
    assert Path(lock_path(config)).read_bytes() == before
    assert list(Path(lock_path(config)).parent.iterdir()) == [Path(lock_path(config))]


def test_owners_of_a_lock():
    """The owners of short keys, routes and aliases.

    An agent under its full key has no short one.
    """
    agents = {
        "sales": LockedAgent(key="sales", route="/sales", sip=("help",)),
        "support": LockedAgent(key="acme:support", route="/b"),
    }
    owners = Lock("agenthost.lock", {"acme": evolve(ACME, agents=agents)}).owners

    assert owners.keys == {"sales": "acme"}
    assert owners.routes == {"/sales": "acme:sales", "/b": "acme:support"}
    assert owners.aliases == {"help": "acme:sales"}


def test_other_platforms_keep_their_digests():
    """Digests of the same version are kept.

    Those of an earlier version are removed.
    """
    earlier = Lock("p", {"acme": evolve(ACME, hashes=("sha256:2",)), "beta": evolve(ACME, hashes=("sha256:3",))})
    lock = Lock("p", {"acme": ACME, "beta": evolve(ACME, version="2.0")}).with_hashes_of(earlier)

    assert lock.distributions["acme"].hashes == ("sha256:1", "sha256:2")
    assert lock.distributions["beta"].hashes == ("sha256:1",)
    assert lock.with_hashes_of(None) is lock


@pytest.mark.parametrize(("version", "route"), [("1.0", "/sales"), ("1.1", None)])
def test_an_agent_is_known_without_being_built(version, route):
    """As long as its package is the version that was locked."""
    candidate = Candidate(AGENTS, "sales", "acme:Sales", "acme", version, "")
    found = Lock("p", {"acme": ACME}).agent(candidate)

    assert (found.route if found else None) == route
