"""``agenthost status --url``: its credentials, and answers without a status."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from agenthost._cli.status import command

STATUS = {
    "version": "1.0",
    "url": "http://host.example\x1b[2J",
    "status": "ok",
    "problems": [],
    "since": 1.0,
    "workers": [],
    "agents": [],
    "held": [],
    "store": {"scheme": "memory", "ready": True, "problem": "", "agents": []},
}
PROBLEM = {"problem": "agent desk is quarantined: no module named x", "fix": "pip install x"}


@pytest.fixture
def host():
    """A server that answers with what a test sets, and keeps the requests."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append((self.path, self.headers["Authorization"]))
            self.send_response(self.server.status)
            self.send_header("location", "/elsewhere")
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        server.asked, server.status, server.body = [], 200, json.dumps(STATUS).encode()
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def show(host, tmp_path, monkeypatch):
    """Run the command with a key of its own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("the-key\n", encoding="utf-8")

    def run(*arguments, key="key"):
        given = [*(["--key-file", key] if key else []), *arguments]
        return CliRunner().invoke(command, ["--url", f"{host.url}/prefix", *given])

    return run


def test_it_asks_with_the_key(host, show):
    """The status comes from below the URL's path, and cannot control the terminal."""
    done = show()

    assert done.exit_code == 0, done.output
    assert host.asked == [("/prefix/-/status.json", "Bearer the-key")]
    assert "agenthost 1.0 on http://host.example" in done.output
    assert "\x1b" not in done.output


def test_a_problem_is_its_exit_code(host, show):
    host.body = json.dumps({**STATUS, "status": "degraded", "problems": [PROBLEM]}).encode()

    done = show()

    assert done.exit_code == 1
    assert "fix:  pip install x" in done.output


def test_without_a_key_it_sends_the_configured_password(host, show, tmp_path):
    (tmp_path / "agenthost.toml").write_text('[host]\npassword = "of the host, for status"\n', encoding="utf-8")
    (tmp_path / "agenthost.toml").chmod(0o600)

    assert show("--json", key=None).exit_code == 0
    [(_, header)] = host.asked
    assert header.startswith("Basic ")


@pytest.mark.parametrize(
    ("status", "words"), [(401, "--key-file"), (403, "scope observe"), (404, "upgrade the host"), (302, "answers 302")]
)
def test_a_refusal_says_its_fix(host, show, status, words):
    """It follows no redirect with the credentials."""
    host.status = status

    done = show()

    assert words in str(done.exception)
    assert "fix: " in str(done.exception)
    assert len(host.asked) == 1


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"status": "ok"}'])
def test_another_server_is_not_a_host(host, show, body):
    host.body = body

    assert "fix: check the URL" in str(show().exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--key-file", "key"], "--key-file needs --url"),
        (["--url", "http://a.example", "--port", "3000"], "exclude --url"),
        (["--url", "agents.example.com"], "fix: write --url"),
    ],
)
def test_wrong_options_are_refused(arguments, words):
    done = CliRunner().invoke(command, arguments)

    assert done.exit_code == 2
    assert words in done.output


def test_no_credentials_are_a_question_of_its_own(host, show, monkeypatch):
    monkeypatch.delenv("AGENTHOST_PASSWORD", raising=False)

    assert "no credentials for --url" in str(show(key=None).exception)
    assert host.asked == []


@pytest.mark.parametrize("content", ["", "the-key\nsecret = other", "the key", "key\x00"])
def test_a_file_without_a_key_is_not_shown(host, show, tmp_path, content):
    """The error has no part of the file, which may be a secret."""
    (tmp_path / "key").write_text(content, encoding="utf-8")

    problem = str(show().exception)

    assert "it has no key. fix: write the key alone" in problem
    assert "secret" not in problem
    assert host.asked == []
