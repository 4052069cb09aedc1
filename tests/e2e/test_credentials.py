"""Credentials: several passwords, agents with their own, failed logins, and what proxies say."""

import json
import re

import pytest
from caller import Caller, basic, functions, host
from ports import free_port
from raw_http import exchange, written

SETTINGS = """
[host]
user = "desk"
passwords = ["new host word", "old host word"]
failed_logins = 3
access_log = true
trusted_proxies = ["127.0.0.0/8"]
allowed_hosts = ["agents.example", "*.phone.example"]

[agents.billing]
user = "books"
passwords = ["new books word", "old books word"]
"""
NO_VARIABLES = {"SWML_BASIC_AUTH_USER": "", "SWML_BASIC_AUTH_PASSWORD": ""}
HOST = ("desk", "new host word")
BOOKS = ("books", "new books word")


@pytest.fixture(scope="module")
def served(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text(SETTINGS)
    (place / "agenthost.toml").chmod(0o600)
    with desk.serve(cwd=place, variables=NO_VARIABLES) as served:
        yield served


def status(served, path, credentials, *headers, host="agents.example", method="GET"):
    line = f"{method} {path} HTTP/1.1"
    return exchange(
        served.url, written(line, f"Host: {host}", f"Authorization: {basic(*credentials)}", *headers)
    ).status


@pytest.mark.parametrize(
    ("path", "credentials", "expected"),
    [
        ("/sales", HOST, 200),
        ("/sales", ("desk", "old host word"), 200),
        ("/metrics", ("desk", "old host word"), 200),
        ("/billing", BOOKS, 200),
        ("/billing/swaig", ("books", "old books word"), 200),
        ("/billing", HOST, 401),
        ("/sales", BOOKS, 401),
        ("/metrics", BOOKS, 401),
        ("/billing", ("books", "new host word"), 401),
    ],
)
def test_who_may_go_where(served, path, credentials, expected):
    """Each from another address, as a proxy tells it."""
    address = f"X-Forwarded-For: 192.0.2.{sum(map(ord, path + ''.join(credentials))) % 250}"
    assert status(served, path, credentials, address) == expected


def test_documents_have_the_first_password_and_its_urls_work(served):
    caller = Caller(served.url, BOOKS)
    for credentials in (BOOKS, ("books", "old books word")):
        document = Caller(served.url, credentials).document("/billing", "call-1")
        for function in functions(document).values():
            assert function["web_hook_url"].startswith(
                f"http://books:new%20books%20word@{host(served.url)}/billing/swaig/"
            )
    name, function = next(iter(functions(caller.document("/billing", "call-1")).items()))
    assert "security token" not in caller.call(function["web_hook_url"], name, {}, "call-1")["response"]


def test_a_document_reached_through_another_agent_has_no_permanent_credentials_of_others(served):
    """An agent with credentials of its own is reached only if it allows it."""
    refused = Caller(served.url, HOST).ask("POST", "/sales/sip", {"call": {"to": "sip:billing@example.com"}})
    reached = Caller(served.url, BOOKS).ask("POST", "/billing/sip", {"call": {"to": "sip:sales@example.com"}})

    assert (refused.status, reached.status) == (200, 200)
    assert "/sales/swaig" in refused.body.decode()
    assert "/billing/swaig" not in refused.body.decode()
    assert "/sales/swaig" in reached.body.decode()
    assert not any(word in reached.body.decode() for word in ("new%20host%20word", "old%20host%20word"))


def test_who_fails_too_often_is_told_to_wait_and_who_knows_is_not(served):
    """All requests come from one address, as behind a load balancer.

    Other addresses are not affected.
    """
    assert status(served, "/sales", HOST, "X-Forwarded-For: 198.51.100.7") == 200
    guesses = [status(served, "/sales", ("desk", f"guess {n}"), "X-Forwarded-For: 198.51.100.7") for n in range(6)]
    assert guesses == [401] * 3 + [429] * 3
    assert status(served, "/sales", HOST, "X-Forwarded-For: 198.51.100.7") == 200
    assert status(served, "/sales", ("desk", "a guess"), "X-Forwarded-For: 198.51.100.8") == 401
    assert status(served, "/sales", ("desk", "a guess"), "X-Forwarded-For: 9.9.9.9, 198.51.100.7") == 429
    answer = exchange(served.url, written("GET /sales HTTP/1.1", "Host: agents.example"))
    assert (answer.status, answer.json) == (401, {"error": "Unauthorized"})
    assert served.stderr.count("failed logins in a minute from 198.51.100.7") == 1


def test_beyond_the_limit_nothing_is_compared(served):
    """The correct password gets the same response until the wait is over.

    That holds for agents and health endpoints.
    """
    client = "X-Forwarded-For: 198.51.100.9"
    guesses = [f"guess {number}" for number in range(5)]
    asked = [status(served, "/sales", ("desk", word), client) for word in (*guesses, HOST[1])]
    assert asked == [401] * 3 + [429] * 3
    health = exchange(
        served.url,
        written("GET /health HTTP/1.1", "Host: agents.example", f"Authorization: {basic(*HOST)}", client),
    )
    assert (health.status, "probes" in health.json) == (200, False)
    refused = exchange(
        served.url,
        written("GET /sales HTTP/1.1", "Host: agents.example", f"Authorization: {basic(*HOST)}", client),
    )
    assert 0 < int(refused.header("retry-after")) <= 20


def test_a_storm_through_one_address_delays_no_legitimate_caller(served):
    """Each of 200 requests with correct credentials is served.

    They come among 400 wrong ones from the same proxy.
    """
    client = "X-Forwarded-For: 198.51.100.10"
    assert status(served, "/sales", HOST, client) == 200
    storm, answered = [], []
    for number in range(200):
        storm += [status(served, "/sales", ("desk", f"guess {number} {turn}"), client) for turn in range(2)]
        answered.append(status(served, "/sales", HOST, client))

    assert answered == [200] * 200
    assert storm.count(200) == 0
    assert storm.count(429) > 390


def test_workers_and_restarts_know_who_has_succeeded(desk):
    """A legitimate caller is delayed neither by another worker nor after a restart."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(SETTINGS.replace("[host]", "[host]\nworkers = 2", 1))
    (place / "agenthost.toml").chmod(0o600)
    for start in range(2):
        with desk.serve(cwd=place, variables=NO_VARIABLES) as served:
            if start == 0:
                assert status(served, "/sales", HOST) == 200
            answered = []
            for number in range(40):
                guesses = [status(served, "/sales", ("desk", f"guess {number} {turn}")) for turn in range(3)]
                assert 200 not in guesses
                answered.append(status(served, "/sales", HOST))
            assert answered == [200] * 40


def test_workers_count_failures_together(desk):
    """A guesser has three attempts, whichever worker gets them."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(SETTINGS.replace("[host]", "[host]\nworkers = 2", 1))
    (place / "agenthost.toml").chmod(0o600)
    with desk.serve(cwd=place, variables=NO_VARIABLES) as served:
        client = "X-Forwarded-For: 198.51.100.20"
        asked = [status(served, "/sales", ("desk", f"guess {number}"), client) for number in range(20)]

        assert asked == [401] * 3 + [429] * 17


def key(served, word, client, path="/v1/models"):
    """Status of a request with an API key."""
    headers = ("Host: agents.example", f"Authorization: Bearer {word}", f"X-Forwarded-For: {client}")
    return exchange(served.url, written(f"GET {path} HTTP/1.1", *headers)).status


def test_a_password_is_an_api_key_as_long_as_it_is_a_password(served):
    """Older passwords are accepted too.

    Guessed keys count as failed logins.
    """
    assert [key(served, word, "198.51.100.20") for word in ("new host word", "old host word")] == [200, 200]
    assert [key(served, f"guess {n}", "198.51.100.21") for n in range(5)] == [401] * 3 + [429] * 2
    assert status(served, "/sales", ("desk", "a guess"), "X-Forwarded-For: 198.51.100.21") == 429
    assert key(served, "new host word", "198.51.100.21", "/sales") == 429  # it is one for /v1 alone


def test_a_wrong_password_at_a_health_endpoint_counts_and_the_endpoint_answers(served):
    """A probe with an old password does not remove a host from rotation."""
    client = "X-Forwarded-For: 198.51.100.30"
    asked = [status(served, path, ("desk", "a guess"), client) for path in ("/health", "/ready", "/ready/sales") * 2]
    assert asked == [200] * 6
    assert status(served, "/sales", ("desk", "a guess"), client) == 429
    assert served.stderr.count("failed logins in a minute from 198.51.100.30") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("agents.example", 200), ("a.phone.example:80", 200), ("127.0.0.1", 200), ("evil.example", 400)],
)
@pytest.mark.parametrize("path", ["/sales", "/health", "/metrics"])
def test_which_hosts_are_answered(served, path, name, expected):
    assert status(served, path, HOST, host=name) == expected


def test_a_proxy_tells_where_the_request_was_sent_and_only_for_this_one(served):
    caller = Caller(served.url, HOST)
    there = caller.ask("GET", "/sales?call_id=1", None, "X-Forwarded-Proto: https", "X-Forwarded-Host: agents.example")
    here = caller.ask("GET", "/sales?call_id=1")
    assert "https://desk:new%20host%20word@agents.example/sales/swaig/" in there.body.decode()
    assert "agents.example" not in here.body.decode()
    for other in ("evil.example", "agents.example/x", "a b"):
        assert caller.ask("GET", "/sales", None, f"X-Forwarded-Host: {other}").status == 400


def test_the_access_log_has_no_query(served):
    Caller(served.url, HOST).ask("GET", "/support?call_id=s3cret&__token=t0ken", None, "X-Forwarded-For: 203.0.113.5")
    [line] = re.findall(r"agenthost\.access: (203\.0\.113\.5 .*)", served.stderr)
    assert re.fullmatch(r"203\.0\.113\.5 GET /support 200 [0-9.]+ ms", line)
    assert "s3cret" not in served.stderr
    assert "t0ken" not in served.stderr


def test_two_ways_to_write_a_password_are_one_too_many(desk):
    place = desk.workplace()
    for text, wrong in (
        ('[host]\npassword = "a"\npasswords = ["b"]\n', "host.passwords: password is configured too"),
        ('[agents.sales]\nuser = "a"\n', "agents.sales.user: this user has no password"),
    ):
        (place / "agenthost.toml").write_text(text)
        done = desk.run("agenthost", "check", cwd=place)
        assert (done.returncode, wrong in done.stderr) == (3, True)
    done = desk.run("agenthost", "run", "--public-url", "ftp://agents.example")
    assert done.returncode == 2
    assert "'ftp://agents.example' is not http:// or https://" in done.stderr


KEYS = """
[health]
port = {port}
[keys.old]
secret = "the-old-secret-of-the-monitoring"
agents = ["*"]
scopes = ["observe"]
[keys.chat]
secret = "the-secret-of-the-chat"
agents = ["sales"]
scopes = ["call", "text"]
"""


def presented(url, path, secret):
    """Return the status of a path for a key, and whether the answer has details."""
    headers = (f"Authorization: Bearer the-{secret}", "Host: agents.example", "Accept: application/health+json")
    answer = exchange(url, written(f"GET {path} HTTP/1.1", *headers))
    return answer.status, b"checks" in answer.raw


def test_keys_with_several_workers_and_a_reload(desk):
    """Each worker and the health port accept a key until the reload that removes it."""
    place, port, health = desk.workplace(), free_port(), free_port()
    file = place / "agenthost.toml"
    file.write_text(SETTINGS.replace("[host]", "[host]\nworkers = 2", 1) + KEYS.format(port=health))
    file.chmod(0o600)
    with desk.serve(cwd=place, port=port, variables=NO_VARIABLES) as served:
        beside = f"http://127.0.0.1:{health}"

        def statuses(secret, *paths):
            return {path: {presented(served.url, path, secret)[0] for _ in range(8)} for path in paths}

        def details(secret):
            return [{presented(url, "/health", secret)[1] for _ in range(4)} for url in (served.url, beside)]

        assert statuses("secret-of-the-chat", "/sales", "/support", "/v1/models", "/metrics") == {
            "/sales": {200},
            "/support": {403},
            "/v1/models": {200},
            "/metrics": {403},
        }
        assert statuses("old-secret-of-the-monitoring", "/metrics", "/sales") == {"/metrics": {200}, "/sales": {403}}
        assert (details("old-secret-of-the-monitoring"), details("secret-of-the-chat")) == ([{True}] * 2, [{False}] * 2)

        file.write_text(file.read_text().replace("the-old-", "the-new-").replace('["sales"]', '["support"]'))
        done = desk.run("agenthost", "reload", "--port", str(port), "--json", cwd=place, variables=NO_VARIABLES)
        assert json.loads(done.stdout)["applied"] == ["keys.old.secret", "keys.chat.agents"]
        assert statuses("secret-of-the-chat", "/sales", "/support") == {"/sales": {403}, "/support": {200}}
        assert statuses("new-secret-of-the-monitoring", "/metrics") == {"/metrics": {200}}
        assert 200 not in statuses("old-secret-of-the-monitoring", "/metrics")["/metrics"]
        assert details("new-secret-of-the-monitoring") == [{True}] * 2
    assert re.search(r"GET /metrics 200 [\d.]+ ms, key old$", served.stderr, re.MULTILINE)
    assert re.search(r"GET /support 403 [\d.]+ ms, key chat$", served.stderr, re.MULTILINE)
    assert "secret-of-the" not in served.stderr
