"""What is secret stays so: in all that a host with failing agents prints, logs, lists and answers."""

from pathlib import Path

import pytest
from caller import Caller, functions

SECRETS = {
    "HOST_WORD": "s3cr3t-host-word",
    "OLD_WORD": "s3cr3t-old-word",
    "BILLING_WORD": "s3cr3t-billing-word",
    "SIGNS": "s3cr3t-signs",
    "OLD_SIGNS": "s3cr3t-old-signs",
}
SETTINGS = """
[host]
passwords = [{ env = "HOST_WORD" }, { env = "OLD_WORD" }]
signing_keys = [{ env = "SIGNS" }, { env = "OLD_SIGNS" }]
access_log = true
log_level = "debug"

[agents.billing]
password = { env = "BILLING_WORD" }
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
LISTS = (["agents", "--load", "--json"], ["plugins", "--load"], ["routes", "--load"], ["check"], ["check", "--json"])


def in_words(text):
    """The names of the configured secrets that a text holds."""
    return {name for name, secret in SECRETS.items() if secret in text}


@pytest.fixture(scope="module")
def place(desk):
    with desk.having("import-error", "constructor-raises", "plugin-raises", "failing-tools"):
        place = desk.workplace()
        (place / "agenthost.toml").write_text(SETTINGS)
        yield place


@pytest.mark.parametrize("command", LISTS, ids=" ".join)
def test_what_commands_print(desk, place, command):
    done = desk.run("agenthost", *command, cwd=place, variables=SECRETS)
    assert done.stdout
    assert in_words(done.stdout + done.stderr) == set()


def test_what_a_host_says(desk, place):
    """Documents alone hold a password, each the first of its agent."""
    with desk.serve(cwd=place, variables=NO_VARIABLES | SECRETS) as served:
        caller = Caller(served.url, CREDENTIALS)
        for path in PATHS:
            for method in ("GET", "POST", "DELETE"):
                answer = caller.ask(method, path)
                assert in_words(answer.raw.decode()) <= {"HOST_WORD"}, path
                assert "version" in answer.body.decode() or not in_words(answer.raw.decode()), path
        document = caller.document("/sales", "call-1")
        for name, function in functions(document).items():
            assert not in_words(str(caller.call(function["web_hook_url"], name, {}, "call-1")))
        billing = Caller(served.url, ("agenthost", SECRETS["BILLING_WORD"])).ask("GET", "/billing")
        assert in_words(billing.body.decode()) == {"BILLING_WORD"}
        Caller(served.url, ("agenthost", SECRETS["OLD_SIGNS"])).ask("GET", "/sales?__token=" + SECRETS["SIGNS"])
        command_line = Path(f"/proc/{served.process.pid}/cmdline")
        shown = command_line.read_text() if command_line.exists() else ""
    assert "GET /sales 401" in served.stderr
    assert in_words(served.stdout + served.stderr + shown) == set()
