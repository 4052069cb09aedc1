"""The choice of the store's plugin, and errors without one or with two."""

import json

import pytest
from environment import ROOT


@pytest.fixture(scope="module")
def packages(environment):
    """The environment with an agent, and no plugin."""
    with environment.having("good-1"):
        yield environment


def refused(environment, text, command="check"):
    """The one line with which a host refuses to start."""
    place = environment.workplace()
    (place / "agenthost.toml").write_text(text)
    done = environment.run("agenthost", *command.split(), cwd=place)
    assert done.returncode in (3, 4), done
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(
    ("text", "command", "sentence"),
    [
        ('url = "redis://r"', "check", "no plugin opens redis:// stores. fix: pip install agenthost-redis."),
        ('url = "postgres://p"', "run --port 0", "postgres:// stores. fix: pip install agenthost-postgres."),
        ('url = "etcd://e"', "check", "no plugin opens etcd:// stores. The schemes are: memory://, sqlite://."),
        ('url = "memory://"\n[host]\nworkers = 2', "check", "memory:// is not shared between 2 workers."),
        ('url = "memory://"', "run --port 0 --workers 3", "memory:// is not shared between 3 workers."),
        ('url = "nowhere"', "check", "not the URL of a store"),
    ],
)
def test_a_store_that_nobody_opens(packages, text, command, sentence):
    """The error has the key and the fix.

    The host does not start with another store instead.
    """
    line = refused(packages, f"[state]\n{text}\n", command)

    assert "agenthost.toml:2: state.url: " in line
    assert sentence in line


def test_two_plugins_for_one_store(packages):
    """The error names both, with the line that chooses.

    Without the library that one needs, it names the library.
    """
    redis = '[state]\nurl = "redis://r"\n'
    with packages.having(ROOT / "plugins" / "agenthost-redis"):
        without = refused(packages, redis)
        with packages.having_too("redis"):
            switched_off = refused(packages, f'{redis}[plugins]\ndisable = ["redis"]\n')
            with packages.having("stores-redis-too"):
                both = refused(packages, redis)
                place = packages.workplace()
                (place / "agenthost.toml").write_text(f'{redis}[plugins]\ndisable = ["redis-too"]\n')
                chosen = packages.run("agenthost", "check", "--json", cwd=place)

    assert "agenthost-redis 0.1.0 is installed, but quarantined: No module named 'redis'. fix: pip install" in without
    assert "agenthost-redis 0.1.0 is installed, but disabled. fix: let [plugins] only, or disable, in" in switched_off
    assert "agenthost-redis:redis and agenthost-test-stores-redis-too:redis-too both open redis:// stores." in both
    assert '[plugins] disable = ["redis-too"]' in both
    report = json.loads(chosen.stdout)
    states = {row["plugin"]: (row["state"], row["hooks"]) for row in report["plugins"]}
    assert states == {"redis": ("ready", ["state_providers"]), "redis-too": ("disabled", [])}
    assert report["state"] == {"store": "redis://", "plugin": "agenthost-redis:redis"}
