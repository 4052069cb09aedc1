"""Passwords that can be guessed are a problem of the plan, which strict refuses."""

import pytest
from plans import plan_of

from agenthost import AgentBase
from agenthost._host.access.guessable import guessable_secrets
from agenthost._host.config.load import load_config
from agenthost._host.config.schema import AgentConfig, Config, HostConfig
from agenthost._host.runtime.start import accepted
from agenthost.errors import PlanError
from agenthost.secret import Secret

GOOD = "correct horse battery"


def desk():
    agent = AgentBase("desk", "/desk")
    agent.prompt_add_section("Role", "You answer.")
    return agent


@pytest.mark.parametrize("password", ["", "a", "elevenchars", "ChangeMe", "signalwire", "a-very-long-user"])
def test_a_password_that_can_be_guessed_is_named_and_not_shown(password):
    config = Config(host=HostConfig(user="a-very-long-user", password=Secret(password)))

    [(place, says)] = guessable_secrets(config).items()

    assert place == "agenthost.toml: host.password"
    assert says == "the password can be guessed: it is common, or has fewer than 12 characters"


def test_every_configured_password_counts_and_no_generated_one(tmp_path):
    file = tmp_path / "agenthost.toml"
    file.write_text(f'[host]\npasswords = ["{GOOD}", "old"]\n\n[agents.desk]\nuser = "books"\npassword = "short"\n')
    config = load_config(str(file), {})

    assert [place.partition(": ")[2] for place in guessable_secrets(config)] == [
        "host.passwords[1]",
        "agents.desk.password",
    ]
    assert guessable_secrets(Config(host=HostConfig(kept_password=Secret("short")))) == {}


def test_the_source_of_a_fetched_secret_is_named(tmp_path):
    """A reader finds the text where it is, not only the reference to it."""
    file, secret = tmp_path / "agenthost.toml", tmp_path / "books.secret"
    secret.write_text("short")
    file.write_text(
        f'[host]\npasswords = ["{GOOD}", {{ env = "OLD" }}]\n[agents.desk]\npassword = {{ file = "books.secret" }}\n'
        '[keys.ci]\nsecret = { env = "CI_KEY" }\nagents = ["*"]\nscopes = ["call"]\n'
    )
    file.chmod(0o600)
    environ = {"OLD": "old", "CI_KEY": "also-short"}

    assert list(guessable_secrets(load_config(str(file), environ))) == [
        f"{file}:2: host.passwords[1] (from the variable OLD)",
        f"{file}:4: agents.desk.password (from the file books.secret)",
        f"{file}:6: keys.ci.secret (from the variable CI_KEY)",
    ]


@pytest.mark.parametrize(
    ("environ", "overrides", "place"),
    [
        ({"AGENTHOST_PASSWORD": "short"}, {}, "AGENTHOST_PASSWORD: host.password"),
        ({"SWML_BASIC_AUTH_PASSWORD": "short"}, {}, "SWML_BASIC_AUTH_PASSWORD: host.password"),
        ({}, {"password": "short"}, "--password: host.password"),
    ],
)
def test_a_variable_that_sets_a_password_is_named(tmp_path, monkeypatch, environ, overrides, place):
    """Also if the file has one, which the variable replaces."""
    monkeypatch.chdir(tmp_path)
    assert list(guessable_secrets(load_config(None, environ, overrides))) == [place]
    (tmp_path / "agenthost.toml").write_text('[host]\npassword = { env = "OTHER" }\n')
    assert list(guessable_secrets(load_config(None, {"OTHER": "short", **environ}, overrides))) == [place]


def test_it_is_a_problem_that_strict_refuses():
    config = Config(host=HostConfig(password=Secret(GOOD), strict=True), agents={"desk": AgentConfig()})
    assert accepted(config, plan_of(desk(), config=config)).problems == 0

    config = Config(host=HostConfig(password=Secret("short"), strict=True))
    plan = plan_of(desk(), config=config)

    assert plan.problems == 1
    assert plan.report()["warnings"][0].endswith(
        "fix: python -c 'import secrets; print(secrets.token_urlsafe())' makes one"
    )
    with pytest.raises(PlanError, match=r"host\.password: the password can be guessed"):
        accepted(config, plan)
