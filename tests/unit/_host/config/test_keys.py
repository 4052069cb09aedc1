"""``[keys.<name>]``: keys are read into hashes, and mistakes are named with file and line."""

from __future__ import annotations

import pytest
from plans import plan_of

from agenthost import AgentBase
from agenthost._host.access.guessable import guessable_secrets
from agenthost._host.config.changes import changes
from agenthost._host.config.load import load_config
from agenthost._host.runtime.start import accepted
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost.errors import ConfigurationError, PlanError
from agenthost.secret import HashedSecret

CI = "the-secret-of-continuous-integration"
NEXT = "the-next-secret-of-continuous-integration"


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Load a configuration file with this text, that only its owner can read."""
    monkeypatch.chdir(tmp_path)

    def load(text, environ=None):
        file = tmp_path / "agenthost.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)
        return load_config(None, environ or {})

    return load


def key(**values):
    written = {"secret": f'"{CI}"', "agents": '["sales"]', "scopes": '["call"]'} | values
    return "[keys.ci]\n" + "".join(f"{name} = {value}\n" for name, value in written.items() if value is not None)


@pytest.mark.parametrize(
    ("secret", "texts"),
    [
        (f'"{CI}"', [CI]),
        ('{ env = "CI_KEY" }', [CI]),
        ('{ file = "next.key" }', [NEXT]),
        ('[{ file = "next.key" }, { env = "CI_KEY" }]', [NEXT, CI]),
    ],
)
def test_each_source(load, tmp_path, secret, texts):
    """The configuration has hashes alone, and the log shows none of the texts."""
    (tmp_path / "next.key").write_text(f"{NEXT}\n")
    config = load(key(secret=secret), {"CI_KEY": CI})

    assert config.keys["ci"].secret == tuple(map(HashedSecret.of, texts))
    assert config.warnings == ()
    assert not any(text in repr(config) for text in texts)
    redactor = SecretRedactor(config)
    assert [redactor.redacted(f"it is {text}.") for text in texts] == ["it is ***."] * len(texts)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (key(scopes='["call", "talk"]'), "agenthost.toml:4: keys.ci.scopes: 'talk' is not one of call, text, observe,"),
        (key(scopes="[]"), "agenthost.toml:4: keys.ci.scopes: the list is empty. fix: write"),
        (key(agents="[]"), "agenthost.toml:3: keys.ci.agents: the list is empty. fix: write"),
        (key(agents='"sales"'), "agenthost.toml:3: keys.ci.agents: 'sales' is not a list of names"),
        (key(secret=None), "agenthost.toml:1: keys.ci.secret: it is missing. fix: write secret ="),
        (key(agents=None), "agenthost.toml:1: keys.ci.agents: it is missing. fix: write agents ="),
        (key(scopes=None), "agenthost.toml:1: keys.ci.scopes: it is missing. fix: write scopes ="),
        (key(scope='["call"]'), "agenthost.toml:5: keys.ci.scope: there is no such key. Did you mean scopes?"),
        (key(secret='{ env = "NONE" }'), "agenthost.toml:2: keys.ci.secret: the variable NONE is not set"),
        (key(secret='"two words, and too much space"'), "agenthost.toml:2: keys.ci.secret: it is longer than 512"),
        (key(secret=f'["{CI}", "näher-am-meer-ist-es-schön"]'), "agenthost.toml:2: keys.ci.secret[1]: it is longer"),
        (key(secret="7"), "agenthost.toml:2: keys.ci.secret: it is not text"),
        (key(secret=f'["{CI}", "{CI}"]'), "keys.ci.secret[1]: it is the same as agenthost.toml:2: keys.ci.secret[0]"),
        (key() + key().replace("ci", "qa", 1), "keys.qa.secret: it is the same as agenthost.toml:2: keys.ci.secret."),
        ("[keys.'a b']\n", 'agenthost.toml:1: keys."a b": the name of a key is its user name'),
        ("[keys]\nci = 'x'\n", "agenthost.toml:2: keys.ci: 'x' is not a table. fix: write [keys.ci]"),
    ],
)
def test_mistakes(load, text, told):
    """Each names file, line and key, and shows no secret."""
    with pytest.raises(ConfigurationError) as caught:
        load(text)

    assert told in str(caught.value)
    assert CI not in str(caught.value)


def test_a_readable_file_with_a_key_is_a_warning(load, tmp_path):
    load(key())
    (tmp_path / "agenthost.toml").chmod(0o644)

    [warning] = load_config(None, {}).warnings

    assert warning.startswith("agenthost.toml:2: keys.ci.secret: other users of this machine can read it (mode 0644)")


def test_each_changed_key_is_named(load):
    before = load(key())
    after = load(key(secret=f'"{NEXT}"', scopes='["call", "text"]') + "[keys.qa]\n" + key().partition("\n")[2])

    assert [change.key for change in changes(before, after)] == [
        *("keys.ci.secret", "keys.ci.scopes", "keys.qa.secret", "keys.qa.agents", "keys.qa.scopes")
    ]


def desk():
    agent = AgentBase("desk", "/desk")
    agent.prompt_add_section("Role", "You answer.")
    return agent


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            key(secret='"fifteen-letters"'),
            "agenthost.toml:2: keys.ci.secret: the key can be guessed: it has",
        ),
        (key(secret=f'["{CI}", "short"]'), "agenthost.toml:2: keys.ci.secret[1]: the key can be guessed"),
        (
            key(agents='["*", "tennis"]'),
            "agenthost.toml:3: keys.ci.agents[1]: 'tennis', which the key should open",
        ),
    ],
)
def test_problems_that_strict_refuses(load, text, problem):
    config = load(text.replace('"sales"', '"desk"') + "[host]\nstrict = true\n")
    plan = plan_of(desk(), config=config)

    assert [warning.startswith(problem) for warning in plan.warnings] == [True]
    assert plan.problems == 1
    with pytest.raises(PlanError, match=r"host\.strict"):
        accepted(config, plan)


def test_a_good_key_is_no_problem(load):
    config = load(key(agents='["*", "desk"]', secret='"sixteen-letters."'))

    assert plan_of(desk(), config=config).warnings == ()
    assert guessable_secrets(config) == {}
