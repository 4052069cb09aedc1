"""``agenthost tool`` and ``agenthost swml`` with installed agents, and the line that a shell takes.

Agents are those of tests/dists/endpoints.
"""

import json
import shutil
import subprocess

import pytest
from caller import Caller, functions
from environment import CREDENTIALS

VARIABLES = dict(zip(("SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD"), CREDENTIALS, strict=True))


@pytest.fixture(scope="module")
def served(endpoints):
    with endpoints.serve() as served:
        yield served


@pytest.fixture
def run(endpoints, served):
    """Return a function that runs a command next to the host.

    It has the host's port, credentials and state.
    """
    port = served.url.rpartition(":")[2]

    def run(*words):
        return endpoints.run("agenthost", *words, cwd=served.directory, variables={**VARIABLES, "PORT": port})

    return run


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (
            ["phones", "who", "--greeting", 'It\'s "me" & $HOME; `id`\n☎', "--call-id", "c 1"],
            'It\'s "me" & $HOME; `id`\n☎, None at None in c 1: {}',
        ),
        (["phones", "look_up", "--number=1", "--body", '{"caller_id_num": "2"}'], "1 for 2"),
        (["guests", "greet", "--query", "guest=ann & bob"], "Hello, ann & bob."),
    ],
    ids=["quotes", "insecure", "per-call"],
)
def test_what_curl_prints_can_be_pasted(run, words, answer):
    """The line works in a shell on the host's machine.

    The tool answers as in this process.
    """
    here = run("tool", *words)
    line = run("tool", *words, "--curl").stdout

    pasted = subprocess.run(["sh"], input=line, capture_output=True, text=True, check=True)  # noqa: S607

    assert json.loads(pasted.stdout) == {"response": answer}
    assert (here.returncode, here.stdout) == (0, f"{answer}\n")


def test_the_document_is_the_one_that_is_served(run, served):
    """Also when it was printed before: its tokens are good."""
    printed = json.loads(run("swml", "phones", "--call-id", "c-1").stdout)
    fetched = Caller.of(served).document("/phones", "c-1")

    assert [*functions(printed)] == [*functions(fetched)]
    url = functions(printed)["who"]["web_hook_url"]
    assert Caller.of(served).call(url, "who", {}, "c-1")["response"].startswith("Hello, ")


def test_a_failing_tool_and_an_unknown_one(run):
    failing, unknown = run("tool", "phones", "own_sentence"), run("tool", "phones", "nothing")

    assert (failing.returncode, failing.stdout) == (1, "This very tool is down.\n")
    assert "RuntimeError: the phones are on fire" in failing.stderr
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "agent 'phones' has no tool 'nothing'. It has: who, own_sentence, " in unknown.stderr


def test_an_agent_that_is_not_served(endpoints):
    """Its state, the reason and the remedy."""
    with endpoints.having("import-error"):
        broken = endpoints.run("agenthost", "swml", "import-error")
    unknown = endpoints.run("agenthost", "tool", "nobody", "x")

    assert (broken.returncode, broken.stdout) == (4, "")
    assert broken.stderr.startswith("agenthost: agent 'import-error' is quarantined: ")
    assert " fix: " in broken.stderr
    assert unknown.returncode == 4
    assert unknown.stderr.startswith("agenthost: there is no agent 'nobody'. Installed: async-guests, ")


def test_check_finds_a_tool_that_a_model_cannot_call(endpoints):
    """It is reported, but does not count as a problem, because everything is served."""
    checked, data = (endpoints.run("agenthost", "check", *more) for more in ((), ("--json",)))

    finding = "anything of watched declares no parameters: the model cannot know what to pass"
    assert (checked.returncode, checked.stderr) == (0, f"warning: {finding}\n")
    assert checked.stdout.endswith("No problems.\n")
    report = json.loads(data.stdout)
    assert (report["findings"], report["warnings"], report["problems"]) == ([finding], [], 0)
    with endpoints.serve("--strict") as served:
        assert Caller.of(served).ask("GET", "/health").json["status"] == "ok"
