"""The doctor: each fault has a finding and a remedy, and a sound host none."""

from __future__ import annotations

import os
import resource

import pytest

from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.config.schema import AgentConfig, Config, HealthConfig, HostConfig, KeyConfig, StateConfig
from agenthost._host.operations import doctor
from agenthost._host.operations.doctor import CHECKS, Finding, examine, unmet
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import make_plan
from agenthost.secret import HashedSecret, Secret

LONG = "a-password-of-its-own-that-nobody-guesses"
KEY = "a-key-of-its-own-that-nobody-guesses-either"
URL = "https://agents.example.com"


@pytest.fixture
def host(tmp_path):
    """Makes the configuration of a host that is sound but for what a test says."""

    def make(**differing):
        sound = {
            "public_url": URL,
            "password": Secret(LONG),
            "signing_keys": (Secret(KEY),),
            "trusted_proxies": ("10.0.0.0/8",),
            "max_connections": 64,
            "state_dir": str(tmp_path / "state"),
        }
        return HostConfig(**(sound | differing))

    return make


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The machine's own clock is not what these tests are about."""
    monkeypatch.setattr(doctor, "_unsynchronised", lambda: False)


def found(config: Config) -> list[Finding]:
    return list(examine(config, make_plan(config, load(config, discover((AGENTS, PLUGINS))))))


def test_a_sound_host_has_nothing_to_mend(host):
    assert found(Config(host=host())) == []


CASES = {
    "no public URL": ({"public_url": None, "trusted_proxies": ()}, "public-url", "warning"),
    "loopback": ({"public_url": "https://127.0.0.1"}, "public-url", "problem"),
    "a private address": ({"public_url": "https://10.1.2.3"}, "public-url", "problem"),
    "a name of the network": ({"public_url": "https://agents.internal"}, "public-url", "problem"),
    "in the clear": ({"public_url": "http://agents.example.com"}, "public-url", "problem"),
    "a short password": ({"password": Secret("tiny-pw")}, "credentials", "problem"),
    "a usual password": ({"password": Secret("ChangeMe")}, "credentials", "problem"),
    "one for both": ({"signing_keys": (Secret(LONG),)}, "credentials", "problem"),
    "a short key": ({"signing_keys": (Secret("key"),)}, "keys", "warning"),
    "no proxies": ({"trusted_proxies": ()}, "proxies", "warning"),
    "all proxies": ({"trusted_proxies": ("0.0.0.0/0",)}, "proxies", "problem"),
    "another name": ({"allowed_hosts": ("other.example.com", "*.example.org")}, "allowed-hosts", "problem"),
    "too many workers": ({"workers": 10_000}, "workers", "warning"),
    "too many connections": ({"max_connections": 10**9}, "file-limit", "problem"),
}


@pytest.mark.parametrize(("differing", "check", "severity"), CASES.values(), ids=CASES)
def test_a_fault_is_found(host, differing, check, severity):
    """The check of its name finds it once, with a remedy.

    No finding contains a secret.
    """
    [finding] = found(Config(host=host(**differing)))

    assert (finding.check, finding.severity) == (check, severity)
    assert finding.says
    assert finding.remedy
    assert not any(secret in f"{finding.says}{finding.remedy}" for secret in (LONG, KEY, "tiny-pw"))


@pytest.mark.parametrize("pattern", ["agents.example.com", "*.example.com", "*"])
def test_the_public_name_may_be_one_of_many(host, pattern):
    assert found(Config(host=host(allowed_hosts=("other.example.org", pattern)))) == []


def test_several_hosts_need_what_they_share(host):
    """Secrets of several hosts with a shared store must be configured."""
    config = Config(host=host(password=None, signing_keys=()), state=StateConfig(url=Secret("redis://127.0.0.1:1/0")))
    findings = found(config)

    assert {each.check for each in findings if each.severity == "problem"} == {"credentials", "keys", "store"}


def test_a_store_that_does_not_answer_is_a_problem_unless_it_may(host):
    """No provider opens it here.

    The tests of the providers cover a store that does not answer.
    """
    findings = found(Config(host=host(), state=StateConfig(url=Secret("unheard-of://127.0.0.1:1/0"))))

    assert ("store", "problem") in {(each.check, each.severity) for each in findings}


def test_a_store_that_answers_is_none(host, tmp_path):
    assert found(Config(host=host(), state=StateConfig(url=Secret(f"sqlite:///{tmp_path}/s.db")))) == []


def test_an_agent_with_the_hosts_password_shares_it(host):
    config = Config(host=host(), agents={"desk": AgentConfig(password=Secret(LONG))})

    assert ("credentials", "warning") in {(each.check, each.severity) for each in found(config)}


def test_a_key_with_a_password_as_its_secret_is_a_problem(host):
    """The password would open what the key is meant to leave closed."""
    keys = {
        name: KeyConfig(secret=(HashedSecret.of(text),), agents=("*",), scopes=("observe",))
        for name, text in {"same": LONG, "own": "an-entirely-different-secret"}.items()
    }

    [finding] = [each for each in found(Config(host=host(), keys=keys)) if each.check == "credentials"]

    assert (finding.severity, finding.says.partition(",")[0]) == ("problem", "keys.same has the same secret as host")


def test_a_directory_that_others_can_look_into_is_a_problem(host, tmp_path):
    state = tmp_path / "open"
    state.mkdir(mode=0o755)
    state.chmod(0o755)
    [finding] = found(Config(host=host(state_dir=str(state))))

    assert (finding.check, finding.remedy) == ("state-dir", f"chmod 700 {state}")


def test_files_that_others_can_open_are_problems(host, tmp_path):
    state = tmp_path / "kept"
    state.mkdir(mode=0o700)
    for name, mode in {"password": 0o644, "signing_key": 0o600, "state.db": 0o660, "notes": 0o644}.items():
        (state / name).touch()
        (state / name).chmod(mode)

    assert [each.remedy for each in found(Config(host=host(state_dir=str(state))))] == [
        f"chmod 600 {state}/password",
        f"chmod 600 {state}/state.db",
    ]


def test_health_on_the_port_of_the_host_is_a_problem(host):
    [finding] = found(Config(host=host(port=3000), health=HealthConfig(port=3000)))

    assert (finding.check, finding.severity) == ("health", "problem")


def test_a_limit_that_is_just_enough_is_a_warning(host):
    """Connections fit, and little beside them."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    [finding] = found(Config(host=host(max_connections=limit - 10)))

    assert (finding.check, finding.severity) == ("file-limit", "warning")


def test_what_is_installed_fits_what_requires_it(tmp_path, monkeypatch):
    """Missing and outdated requirements are found as by pip check.

    Requirements of extras are not.
    """
    info = tmp_path / "fits_badly-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fits-badly\nVersion: 1.0\n"
        "Requires-Dist: attrs>=9999\nRequires-Dist: not-there-at-all>=1\n"
        'Requires-Dist: neither; extra == "more"\nRequires-Dist: click>=8\n'
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    (first, second) = unmet(["fits-badly", "not-installed"])
    assert first[:2] == ("fits-badly", "attrs>=9999")
    assert first[2]
    assert second == ("fits-badly", "not-there-at-all>=1", None)


def test_the_kernel_is_asked_about_its_clock(monkeypatch):
    """An unsynchronised clock is a finding."""
    monkeypatch.undo()
    assert doctor._unsynchronised() in (True, False)
    monkeypatch.setattr(doctor, "_unsynchronised", lambda: True)

    [(severity, _, remedy)] = CHECKS["clock"](Config(), None)
    assert (severity, "timedatectl" in remedy) == ("warning", True)


def test_a_clock_that_lags_years_behind_is_a_problem(monkeypatch):
    monkeypatch.setattr(doctor.time, "time", lambda: 0.0)

    [(severity, says, _)] = CHECKS["clock"](Config(), None)
    assert (severity, "clock" in says) == ("problem", True)


def test_nothing_is_made(host, tmp_path):
    """The doctor only looks: no state directory, no secret."""
    found(Config(host=host(password=None, signing_keys=())))

    assert os.listdir(tmp_path) == []  # noqa: PTH208
