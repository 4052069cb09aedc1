"""What is secret stays so: in all that a host with failing agents prints, logs, lists and answers."""

import shutil
from pathlib import Path

import pytest
from caller import Caller, functions
from environment import FRONTDESK

SECRETS = {
    "HOST_WORD": "s3cr3t-host-word",
    "OLD_WORD": "s3cr3t-old-word",
    "BILLING_WORD": "s3cr3t-billing-word",
    "SIGNS": "s3cr3t-signs",
    "OLD_SIGNS": "s3cr3t-old-signs",
    "HOOK_KEY": "s3cr3t-hook-key",
    "STORE": "redis://keeper:s3cr3t-store-word@127.0.0.1:9/0",
    "STORE_WORD": "s3cr3t-store-word",
    "MODEL_KEY": "s3cr3t-model-key",
    "AGENT_SETTING": "s3cr3t-setting.toml",
}
SETTINGS = """
[host]
passwords = [{ env = "HOST_WORD" }, { env = "OLD_WORD" }]
signing_keys = [{ env = "SIGNS" }, { env = "OLD_SIGNS" }]
access_log = true
log_level = "debug"

[models.house]
kind = "openai"
url = "http://127.0.0.1:9/v1"
model = "none"
api_key = { env = "MODEL_KEY" }

[agents.billing]
password = { env = "BILLING_WORD" }

[agents.sales]
company = { env = "AGENT_SETTING" }
model = "house"
"""
CREDENTIALS = ("agenthost", SECRETS["HOST_WORD"])
NO_VARIABLES = {"SWML_BASIC_AUTH_USER": "", "SWML_BASIC_AUTH_PASSWORD": ""}
PATHS = (
    "/",
    "/sales",
    "/billing",
    "/health",
    "/ready",
    "/live",
    "/startup",
    "/metrics",
    "/health/sales",
    "/nowhere",
    "/sip",
)
COMPANY = FRONTDESK / "agenthost_frontdesk" / "company.toml"
LISTS = (["agents", "--load", "--json"], ["plugins", "--load"], ["routes", "--load"], ["check"], ["check", "--json"])


def in_words(text):
    """The names of the configured secrets that a text holds."""
    return {name for name, secret in SECRETS.items() if secret in text}


@pytest.fixture(scope="module")
def place(desk):
    with desk.having("import-error", "constructor-raises", "plugin-raises", "failing-tools"):
        place = desk.workplace()
        (place / "agenthost.toml").write_text(SETTINGS)
        shutil.copy(COMPANY, place / SECRETS["AGENT_SETTING"])
        yield place


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_what_commands_print(desk, place, command):
    done = desk.run("agenthost", *command, cwd=place, variables=SECRETS)
    assert done.stdout
    assert in_words(done.stdout + done.stderr) == set()


@pytest.mark.parametrize("wrong", ["state.operation_timeout", "host.webhook_keys", "state.url"])
def test_what_is_said_of_a_secret_that_cannot_be_used(desk, wrong):
    """It is no number, no list, and the address of a store that nobody opens."""
    table, _, key = wrong.rpartition(".")
    place = desk.workplace()
    (place / "agenthost.toml").write_text(f'[{table}]\n{key} = {{ env = "STORE" }}\n')
    for command in (["check"], ["check", "--json"], ["agents", "--load", "--json"]):
        done = desk.run("agenthost", *command, cwd=place, variables=SECRETS)
        assert done.stdout + done.stderr
        assert in_words(done.stdout + done.stderr) == set()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_a_host_says(desk, place, workers):
    """Documents alone hold a password, each the first of its agent."""
    with desk.serve("--workers", workers, cwd=place, variables=NO_VARIABLES | SECRETS) as served:
        caller = Caller(served.url, CREDENTIALS)
        for path in PATHS:
            for method in ("GET", "POST", "DELETE"):
                answer = caller.ask(method, path)
                assert in_words(answer.raw.decode()) <= {"HOST_WORD"}, path
                assert "version" in answer.body.decode() or not in_words(answer.raw.decode()), path
        document = caller.document("/sales", "call-1")
        for name, function in functions(document).items():
            assert not in_words(str(caller.call(function["web_hook_url"], name, {}, "call-1")))
        for name, function in functions(caller.document("/failing", "call-1")).items():
            if "hang" not in name:
                assert not in_words(str(caller.call(function["web_hook_url"], name, {}, "call-1")))
        chat = {"model": "sales", "messages": [{"role": "user", "content": "Hello."}]}
        assert not in_words(caller.ask("POST", "/v1/chat/completions", chat).raw.decode())
        billing = Caller(served.url, ("agenthost", SECRETS["BILLING_WORD"])).ask("GET", "/billing")
        assert in_words(billing.body.decode()) == {"BILLING_WORD"}
        Caller(served.url, ("agenthost", SECRETS["OLD_SIGNS"])).ask("GET", "/sales?__token=" + SECRETS["SIGNS"])
        command_line = Path(f"/proc/{served.process.pid}/cmdline")
        shown = command_line.read_text() if command_line.exists() else ""
    assert "GET /sales 401" in served.stderr
    assert in_words(served.stdout + served.stderr + shown) == set()
