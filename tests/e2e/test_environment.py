"""The environment of the other e2e tests is what they take it for."""

import json
from importlib.metadata import Distribution, distributions

import pytest
from environment import GOOD, needed

PACKAGES = """
import importlib.metadata, json
print(json.dumps(sorted(found.name for found in importlib.metadata.distributions())))
"""


def packages(env):
    return set(json.loads(env.run("python", "-c", PACKAGES).stdout))


def test_it_holds_agenthost_and_what_that_requires(env):
    [agenthost] = distributions(name="agenthost", path=[str(env.site_packages)])

    assert packages(env) == {"agenthost", *(found.name for found in needed(agenthost.requires))}
    assert env.run("python", "-c", "import pytest").returncode == 1


@pytest.mark.parametrize("by", ["pip", "uv"])
def test_wheels_come_and_go(env, by):
    before = packages(env)

    env.install("import-error", *GOOD, by=by)
    assert packages(env) - before == {
        "agenthost-test-import-error",
        *(f"agenthost-test-{name}" for name in GOOD),
    }

    env.uninstall("agenthost-test-good-3", by=by)
    assert "agenthost-test-good-3" not in packages(env)

    env.uninstall(by=by)
    assert packages(env) == before


def test_a_good_agent_is_made_from_the_template(env):
    env.install("good-7")
    [installed] = env.site_packages.glob("agenthost_test_good_7-*.dist-info")

    assert [(found.name, found.value) for found in Distribution.at(installed).entry_points] == [
        ("good-7", "agenthost_test_good_7:Agent")
    ]


def test_processes_share_nothing(env):
    """Neither the variables of whoever runs the tests, nor a home, nor a working directory."""
    show = "import json, os; print(json.dumps([os.getcwd(), dict(os.environ)]))"
    (here, mine), (there, other) = (json.loads(env.run("python", "-c", show).stdout) for _ in range(2))

    assert here != there
    assert mine["HOME"] != other["HOME"]
    assert {*mine} <= {
        "PATH",
        "LANG",
        "HOME",
        "AGENTHOST_LOG_FORMAT",
        "AGENTHOST_STATE_DIR",
        "LC_CTYPE",
        "__CF_USER_TEXT_ENCODING",
    }


@pytest.mark.parametrize("by", ["pip", "uv"])
def test_a_host_is_served_and_stopped(env, by):
    env.install("good-1", by=by)

    with env.serve() as served:
        assert served.status("/startup") == 200
        assert served.status("/good-1") == 401

    assert served.process.returncode == 0
    assert "Traceback" not in served.stderr


def test_a_host_that_does_not_start_says_why(env):
    with pytest.raises(AssertionError, match="No such option"), env.serve("--no-such-option"):
        pass
