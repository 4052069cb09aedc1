"""Serverless: events that are not requests, and secrets that instances do not share."""

from __future__ import annotations

import logging

import pytest

from agenthost import AgentBase, AgentServer, ConfigurationError
from agenthost._host.access.generated_secrets import kept_secret, not_shared
from agenthost._host.config.load import load_config


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))


LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "agents"}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"source": "aws.events", "detail": {}}, "the keys detail, source"),
        ({"Records": []}, "the keys Records"),
        ({}, "no keys"),
        ("warm", "the type str"),
        ({"requestContext": {}}, "the keys requestContext"),
    ],
)
def test_an_event_that_is_no_request(event, told, caplog):
    """A schedule's, a queue's, or that of a warm-up."""
    server = AgentServer()
    server.register(AgentBase("desk"), "/desk")
    answer = server.run(event, None)

    assert answer["statusCode"] == 400
    assert "not an HTTP request" in answer["body"]
    assert told in caplog.text


def test_a_secret_that_cannot_be_kept_in_lambda(monkeypatch, tmp_path):
    """The advice fits where it is read."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "agents")

    def read_only(*_args, **_options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("os.makedirs", read_only)
    with pytest.raises(ConfigurationError, match="fix: set AGENTHOST_PASSWORD and SIGNALWIRE_SWAIG_SECRET"):
        kept_secret(str(tmp_path / "nowhere"), "password", lambda: "x")


@pytest.mark.parametrize(
    ("variables", "environ", "told"),
    [
        ({}, {}, None),
        ({}, LAMBDA, "AGENTHOST_PASSWORD and SIGNALWIRE_SWAIG_SECRET are not set"),
        ({"AGENTHOST_PUBLIC_URL": "https://a.example"}, {}, "AGENTHOST_PASSWORD and SIGNALWIRE_SWAIG_SECRET are"),
        ({"AGENTHOST_TRUSTED_PROXIES": "10.0.0.0/8", "SIGNALWIRE_SWAIG_SECRET": "k" * 40}, {}, "AGENTHOST_PASSWORD is"),
        ({"AGENTHOST_PASSWORD": "p" * 20, "SIGNALWIRE_SWAIG_SECRET": "k" * 40}, LAMBDA, None),
    ],
)
def test_secrets_of_several_instances(variables, environ, told, tmp_path, monkeypatch):
    """A host alone on a desk generates them, and nothing is said."""
    monkeypatch.chdir(tmp_path)
    found = not_shared(load_config(None, variables), environ)

    assert found is None if told is None else (found or "").startswith(told)


def test_the_start_of_a_program_says_so(monkeypatch, caplog):
    monkeypatch.setenv("AGENTHOST_PUBLIC_URL", "https://a.example")
    monkeypatch.delenv("AGENTHOST_PASSWORD", raising=False)
    server = AgentServer()
    server.register(AgentBase("desk"), "/desk")
    with caplog.at_level(logging.WARNING):
        _ = server.app

    assert "has generated its own" in caplog.text
