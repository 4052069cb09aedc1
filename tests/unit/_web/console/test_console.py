"""The console, as a browser and a program see it."""

import gzip
import json
import re
from urllib.parse import urljoin

import pytest
from asking import ask

from agenthost import AgentBase, AgentServer
from agenthost._web.console.pages import FILES
from agenthost._web.console.sessions import LIFETIME, Sessions
from agenthost._web.request.rules import Rules
from agenthost.errors import AddressError

HOST = ("agenthost", "for tests of the host")
LOCAL = "http://127.0.0.1:3000"
FILE = f"""
[host]
password = "{HOST[1]}"
failed_logins = 3
[console]
enabled = true
[keys.sight]
secret = "the-secret-of-key-sight"
agents = ["*"]
scopes = ["observe"]
[keys.talk]
secret = "the-secret-of-key-talk"
agents = ["*"]
scopes = ["text"]
"""
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Desk(AgentBase):
    """Answers calls."""

    def __init__(self, name="sales"):
        super().__init__(name, f"/{name}")
        self.prompt_add_section("Role", "You sell.")

    @AgentBase.tool(secure=False)
    def fail(self) -> str:
        """Fail."""
        raise ValueError(HOSTILE)


@pytest.fixture
def make(tmp_path, monkeypatch):
    """A function that makes a host with a configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AGENTHOST_STATE_DIR", str(tmp_path / "state"))

    def make(file=FILE):
        (tmp_path / "agenthost.toml").write_text(file)
        (tmp_path / "agenthost.toml").chmod(0o600)
        server = AgentServer()
        server.register(Desk())
        return server.app

    return make


@pytest.fixture
def app(make):
    return make()


def log_in(app, user=HOST[0], password=HOST[1], *, at=LOCAL, **more):
    form = {"user": user, "password": password, "to": more.pop("to", "")}
    return ask(app, "POST", "/-/login", at=at, data=form, **more)


def cookie(answer):
    return {"cookie": answer.headers["set-cookie"].partition(";")[0]}


def test_the_console_is_off_by_default(make):
    app = make(FILE.replace("enabled = true", ""))

    assert {ask(app, "GET", path, auth=HOST).status_code for path in ("/-/", "/-/overview.json", "/-/style.css")} == {
        404
    }
    assert not app.has("/-/")


@pytest.mark.parametrize(
    ("method", "path", "status", "reason"),
    [
        ("GET", "/-/agents/nobody", 404, "There is no such page"),
        ("GET", "/-/conversation?id=gone", 404, "There is no such page"),
        ("POST", "/-/agents/sales/tools/fail", 403, "the form is out of date. fix: open its page again"),
    ],
)
def test_a_refusal_is_a_page_for_browsers_and_json_for_programs(app, method, path, status, reason):
    read = {name: ask(app, method, path, auth=HOST, headers={"accept": name, **FORM}) for name in ("text/html", "*/*")}
    page, told = read["text/html"], read["*/*"]

    assert (page.status_code, told.status_code) == (status, status)
    assert reason in page.text
    assert "Back to the overview" in page.text
    assert told.json()["error"]


def test_the_overview_shows_what_fails_first(app):
    ask(app, "POST", "/sales/swaig", auth=HOST, json={"function": "fail", "call_id": "c-1"})
    page, data = (ask(app, "GET", path, auth=HOST) for path in ("/-/", "/-/overview.json"))
    told = data.json()

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["cache-control"] == data.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert told["status"] == "degraded"
    assert [each["problem"][:26] for each in told["problems"]] == ["agent sales failed once in"]
    assert page.text.index("agent sales failed once") < page.text.index("<table>")
    assert told["problems"][0]["fix"] in re.sub("<[^>]*>", "", page.text)
    assert told["agents"][0]["last_failure"]["error_id"] in page.text


def test_everything_is_escaped(app):
    """Names, messages and users come from packages and callers."""
    ask(app, "POST", "/sales/swaig", auth=HOST, json={"function": "fail", "call_id": "c-1"})
    told = json.loads(json.dumps(ask(app, "GET", "/-/overview.json", auth=HOST).json()))
    agent = {**told["agents"][0], "agent": HOSTILE, "route": HOSTILE, "package": HOSTILE, "version": HOSTILE}
    user = {"user": HOSTILE, "times": 1, "last": HOSTILE, "answered_by": HOSTILE}
    probe = {"probe": HOSTILE, "agent": HOSTILE, "critical": True, "status": "failing", "error": HOSTILE, "since": 0}
    hostile = {
        **told,
        "agents": [agent, {**agent, "state": HOSTILE}],
        "problems": [{"problem": HOSTILE, "fix": HOSTILE}],
        "plugins": [{"plugin": HOSTILE, "reason": HOSTILE, "remedy": HOSTILE}],
        "probes": [probe],
        "sip_unmatched": {"total": 1, "users": [user]},
    }
    fresh = type(app)(app.runtime)
    fresh.send_commands_by(lambda *_: hostile)
    pages = [
        ask(fresh, "GET", "/-/", auth=HOST, params={"q": HOSTILE[:8]}),
        log_in(app, HOSTILE, HOSTILE, to=HOSTILE),
    ]

    for page in pages:
        assert not re.search(r"<script>|<img|onerror=[^&]*alert\(1\)>", page.text), page.text
    assert "&lt;script&gt;" in pages[0].text


def test_a_session_opens_pages_and_ends(app):
    form = ask(app, "GET", "/-/", at=LOCAL)
    answer = log_in(app)
    kept = cookie(answer)

    assert (form.status_code, 'name="password"' in form.text) == (401, True)
    assert form.headers["www-authenticate"].startswith("Bearer ")
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    assert answer.headers["set-cookie"].endswith("; HttpOnly; SameSite=Strict")
    assert ask(app, "GET", "/-/", headers=kept).status_code == 200
    assert ask(app, "GET", "/-/overview.json", headers=kept).status_code == 200
    assert "Max-Age=0" in ask(app, "POST", "/-/logout", headers=kept).headers["set-cookie"]
    assert ask(app, "GET", "/metrics", headers=kept).status_code == 401


def test_json_without_credentials_asks_for_them(app):
    answer = ask(app, "GET", "/-/overview.json")

    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")


@pytest.mark.parametrize(("at", "secure"), [(LOCAL, False), ("http://[::1]:3000", False), ("http://localhost", False),
    ("http://host.example", True), ("https://host.example", True), ("https://127.0.0.1", True)])  # fmt: skip
def test_a_session_is_for_encrypted_connections(app, at, secure):
    assert ("; Secure" in log_in(app, at=at).headers["set-cookie"]) == secure


def test_a_page_that_cannot_keep_a_session_says_so(app):
    assert "plain HTTP" in ask(app, "GET", "/-/").text
    assert "plain HTTP" not in ask(app, "GET", "/-/", at="https://host.example").text


@pytest.mark.parametrize(("user", "secret", "status"), [("sight", "the-secret-of-key-sight", 303),
    ("talk", "the-secret-of-key-talk", 403), ("sight", "wrong", 401), ("agenthost", "", 401)])  # fmt: skip
def test_who_may_log_in(app, user, secret, status):
    answer = log_in(app, user, secret)

    assert answer.status_code == status
    if status == 303:
        assert ask(app, "GET", "/-/", headers=cookie(answer)).status_code == 200
    else:
        assert "set-cookie" not in answer.headers


def test_guesses_have_to_wait(app):
    statuses = [log_in(app, password=f"guess {number}").status_code for number in range(5)]
    blocked = log_in(app)

    assert statuses[0] == 401
    assert (statuses[-1], blocked.status_code) == (429, 429)
    assert int(blocked.headers["retry-after"]) > 0
    assert "Too many failed logins" in blocked.text


def test_wrong_forms_are_refused(app):
    elsewhere = {"sec-fetch-site": "cross-site"}

    assert log_in(app, headers=elsewhere).status_code == 403
    assert ask(app, "POST", "/-/logout", headers=elsewhere).status_code == 403
    assert ask(app, "POST", "/-/login", json={}).status_code == 415
    assert ask(app, "POST", "/-/login", headers=FORM, content=b"user=" + b"x" * 5000).status_code == 413
    assert ask(app, "POST", "/-/login", headers=FORM, content=b"\xff").status_code == 400
    assert ask(app, "GET", "/-/login").status_code == 405
    assert ask(app, "POST", "/-/", auth=HOST).status_code == 405
    assert ask(app, "OPTIONS", "/-/").headers["allow"] == "GET, HEAD, OPTIONS"
    assert ask(app, "GET", "/-/nothing", auth=HOST).status_code == 404


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "agents/../x", "\r\nset-cookie: x=y"])
def test_a_login_leads_to_pages_of_the_console_alone(app, target):
    assert log_in(app, to=target).headers["location"] == "./"


def test_a_session_ends_with_its_credentials(app, make):
    """And with time, and with a changed signature."""
    rules = Rules.of(app.runtime.settings)
    now = [1000.0]
    sessions = Sessions(lambda: now[0])
    value = sessions.start(rules, *HOST)
    key = sessions.start(rules, "sight", "the-secret-of-key-sight")
    later = Rules.of(
        make(FILE.replace(HOST[1], "another password").replace("[keys.sight]", "[keys.other]")).runtime.settings
    )

    assert sessions.principal_of(rules, value) is rules.door.holder
    assert sessions.principal_of(rules, key).key == "sight"
    assert sessions.principal_of(later, value) is None
    assert sessions.principal_of(rules, value[:-1] + ("0" if value[-1] != "0" else "1")) is None
    assert sessions.principal_of(rules, f"9999{value}") is None
    now[0] += LIFETIME + 1
    assert sessions.principal_of(rules, value) is None


def test_a_session_without_its_scope_leads_to_the_form(app, make):
    kept = cookie(log_in(app, "sight", "the-secret-of-key-sight"))
    later = make(FILE.replace('scopes = ["observe"]', 'scopes = ["text"]'))

    assert ask(app, "GET", "/-/", headers=kept).status_code == 200
    assert ask(later, "GET", "/-/", headers=kept).status_code == 401


def test_another_worker_accepts_a_session(app):
    other = type(app)(app.runtime)

    assert ask(other, "GET", "/-/", headers=cookie(log_in(app))).status_code == 200


def test_links_work_behind_a_prefix(app):
    """They are relative, also where a proxy strips the prefix."""
    page = ask(app, "GET", "/agents/-/", auth=HOST, root_path="/agents")
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)

    assert page.status_code == 200
    assert "Path=" not in log_in(app).headers["set-cookie"]
    assert [link for link in links if not link.startswith(("./", "#"))] == []
    for link in links:
        if link.startswith("./") and "logout" not in link:
            assert ask(app, "GET", f"/-/{link[2:]}", auth=HOST).status_code == 200, link


@pytest.mark.parametrize("prefix", ["", "/agents"])
def test_the_path_without_its_slash_leads_to_the_overview(app, make, prefix):
    answer = ask(app, "GET", f"{prefix}/-", root_path=prefix)

    assert answer.status_code == 307
    assert urljoin(f"https://host.example{prefix}/-", answer.headers["location"]) == f"https://host.example{prefix}/-/"
    assert app.has("/-")
    assert ask(make(FILE.replace("enabled = true", "")), "GET", "/-").status_code == 404


def test_pages_are_small(app):
    """And the only script is a file of the host."""
    whole = [ask(app, "GET", f"/-/{path}", auth=HOST).content for path in ("", *FILES)]

    assert sum(len(gzip.compress(each)) for each in whole) < 60_000
    assert re.fullmatch(rb'<script src="\./console\.js\?v=\w+" defer>', *re.findall(rb"<script[^>]*>", whole[0]))
    assert not re.search(rb"style=| on[a-z]+=\"", whole[0])


def test_a_browser_loads_a_file_once(app):
    first = ask(app, "GET", "/-/console.js")
    again = ask(app, "GET", "/-/console.js", headers={"if-none-match": first.headers["etag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_many_agents_are_found_by_name(app):
    told = ask(app, "GET", "/-/overview.json", auth=HOST).json()
    [agent] = told["agents"]
    fresh = type(app)(app.runtime)
    fresh.send_commands_by(lambda *_: {**told, "agents": [{**agent, "agent": f"desk-{n}"} for n in range(1000)]})

    assert "There are 800 more" in ask(fresh, "GET", "/-/", auth=HOST).text
    assert ask(fresh, "GET", "/-/", auth=HOST, params={"q": "DESK-99"}).text.count("<bdi>desk-99") == 11


def test_the_overview_refreshes_where_its_reader_wants_that(app):
    still, fresh = (ask(app, "GET", f"/-/{query}", auth=HOST) for query in ("?q=a%26b", "?refresh=1&q=a%26b"))

    assert ("refresh" in still.headers, fresh.headers["refresh"]) == (False, "5")
    assert 'href="./?refresh=1&amp;q=a%26b"' in still.text
    assert 'href="./?q=a%26b"' in fresh.text


def test_a_worker_shows_itself_if_its_supervisor_does_not_answer(app):
    def send(*_):
        raise AddressError("no host listens there")

    app.send_commands_by(send)
    told = ask(app, "GET", "/-/overview.json", auth=HOST).json()

    assert told["status"] == "degraded"
    assert told["problems"][0]["problem"].startswith("only the worker that answered is shown")
    assert [each["agent"] for each in told["agents"]] == ["sales"]


def test_the_overview_shows_changes_and_failed_logins(app):
    told = ask(app, "GET", "/-/overview.json", auth=HOST).json()
    change = {"timestamp": "2026-11-30T08:00:00.000Z", "logger": "agenthost.reload", "event": f"reloaded {HOSTILE}"}
    fresh = type(app)(app.runtime)
    fresh.send_commands_by(lambda *_: {**told, "changes": [change], "failed_logins": 7})
    page = ask(fresh, "GET", "/-/", auth=HOST).text

    assert [each["event"].partition(",")[0] for each in told["changes"]] == ["agenthost.toml was written"]
    assert told["failed_logins"] == 0
    assert "2026-11-30T08:00:00</dt><dd><bdi>reloaded &lt;script&gt;" in page
    assert "7 failed in the last hour" in page


def test_failed_logins_are_counted(app):
    for _ in range(2):
        log_in(app, password="wrong")

    assert ask(app, "GET", "/-/overview.json", auth=HOST).json()["failed_logins"] == 2
