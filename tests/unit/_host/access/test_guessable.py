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
