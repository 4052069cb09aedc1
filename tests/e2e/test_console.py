"""The console of a host with two workers."""

import html
import json
import re
import subprocess
from contextlib import suppress

import pytest
from caller import Caller, functions
from forms import send_form
from polling import poll_until
from ports import free_port

ACTING = """
[host]
workers = 2
[console]
enabled = true
[keys.boss]
secret = "the-secret-of-key-boss"
agents = ["*"]
scopes = ["observe", "administer"]
"""


@pytest.fixture
def place(desk):
    place = desk.workplace()
    (place / "agenthost.toml").write_text("[host]\nworkers = 2\n[console]\nenabled = true\n")
    return place


def test_an_agent_is_disabled_at_once_and_after_a_restart(desk, place):
    """Until it is enabled again, on all workers."""
    (place / "agenthost.toml").write_text(ACTING, encoding="utf-8")
    (place / "agenthost.toml").chmod(0o600)
    boss = ("boss", "the-secret-of-key-boss")

    def act(served, path):
        return send_form(served, path, boss)

    def statuses(served):
        return {Caller.of(served).ask("GET", "/sales").status for _ in range(6)}

    port = free_port()
    with desk.serve(cwd=place, port=port) as served:
        assert statuses(served) == {200}
        done = act(served, "/-/acts/disable/sales")
        assert b"no longer served: sales" in done.body, done.body
        assert statuses(served) == {404}
    with desk.serve(cwd=place, port=port) as served:
        assert statuses(served) == {404}
        status = desk.run("agenthost", "status", "--port", str(port), cwd=place)
        assert "agent sales was disabled in the console by key boss" in status.stdout
        assert b"new: sales" in act(served, "/-/acts/enable/sales").body
        assert statuses(served) == {200}
        assert "key boss does disable sales" not in served.stderr
        assert "key boss does enable sales" in served.stderr


def test_a_call_is_simulated_with_its_hand_offs(desk, place):
    """Each line plays the call again, and the log says who did."""
    (place / "agenthost.toml").write_text(ACTING.replace("administer", "operate"), encoding="utf-8")
    (place / "agenthost.toml").chmod(0o600)

    with desk.serve(cwd=place) as served:
        said = b"said=hello&line=transfer+me+to+billing"
        answer = send_form(served, "/-/agents/main/simulate", ("boss", "the-secret-of-key-boss"), said)
        page = re.sub(rb"<[^>]*>", b"", answer.body)

        assert answer.status == 200
        assert page.index(b"caller: hello") < page.index(b"caller: transfer me to billing"), page
        assert b"transfer_department" in page
        assert b"/billing has the call" in page
        assert "key boss simulates a call of main" in served.stderr
        assert b'value="hello\ntransfer me to billing"' in answer.body


def test_a_plugin_adds_pages(desk, place):
    """They show data, escaped, and a failure leads to its traceback."""
    with desk.having("plugin-hooks"), desk.serve(cwd=place) as served:
        caller, found = Caller.of(served), "/-/pages/agenthost-test-plugin-hooks%3Aplugin-hooks"
        page, data = caller.ask("GET", f"{found}/towns"), caller.ask("GET", f"{found}/towns.json")
        failed = caller.ask("GET", f"{found}/fails")
        [error_id] = re.findall(r"e-[0-9a-f]{12}", failed.body.decode())[:1]

        assert (page.status, b"&lt;b&gt;be&lt;/b&gt; Berlin" in page.body, b"<b>" in page.body) == (200, True, False)
        assert b"Towns &amp; more" in caller.ask("GET", "/-/").body
        assert [each["town"] for each in data.json] == ["berlin", "paris"]
        assert failed.status == 500
        assert b"the table is gone" in caller.ask("GET", f"/-/errors/{error_id}").body
        assert caller.ask("GET", f"{found}/nothing").status == 404


def test_any_worker_answers_for_all(desk, place):
    """Also for their calls, which each counts itself."""
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)

        def seen():
            """Return the workers and the calls that one of the workers shows."""
            told = caller.ask("GET", "/-/overview.json").json
            assert caller.ask("GET", "/-/").status == 200
            [billing] = [each for each in told["agents"] if each["agent"] == "billing"]
            return [each["process"] for each in told["workers"] if each["ready"]], billing["calls"]

        poll_until(lambda: len(seen()[0]) == 2)
        balance = functions(caller.document("/billing", "call-1"))["get_balance"]["web_hook_url"]
        for _ in range(20):
            caller.call(balance, "get_balance", {"account_id": "B-1"}, "call-1")
        port = served.url.rpartition(":")[2]
        status = json.loads(desk.run("agenthost", "status", "--port", port, "--json", cwd=place).stdout)
        workers = [each["process"] for each in status["workers"]]

        poll_until(
            lambda: [seen() for _ in range(6)] == [(workers, 20)] * 6, said=lambda: str((seen(), workers))
        )  # by whichever worker


def test_the_traceback_of_a_failure(desk, place):
    """One click from the overview, by whichever worker."""
    with desk.having("failing-tools"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        url = functions(caller.document("/failing", "call-7"))["raises"]["web_hook_url"]
        caller.call(url, "raises", {}, "call-7")

        def links():
            return re.findall(r'href="\./errors/(e-[0-9a-f]{12})"', caller.ask("GET", "/-/").body.decode())

        [error_id] = set(poll_until(links))
        pages = [caller.ask("GET", f"/-/errors/{error_id}") for _ in range(6)]

        assert {page.status for page in pages} == {200}
        assert all(b"ValueError: the calendar is on fire" in page.body for page in pages)
        assert all(b"call-7" in page.body for page in pages)


def test_the_calls_of_all_workers(desk, place):
    """Any worker lists and shows them, and a record has those of all."""
    with (place / "agenthost.toml").open("a", encoding="utf-8") as file:
        file.write("[recording]\ndays = 1\n")
    with desk.having("endpoints"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        [ai] = [verb["ai"] for verb in caller.document("/notes", "call-n")["sections"]["main"] if "ai" in verb]
        for _ in range(10):
            caller.ask("POST", "/notes/swaig", {"function": "received", "call_id": "call-n"})
        path = ai["post_prompt_url"].partition("@")[2].partition("/")[2]
        summary = {"call_id": "call-n", "swaig_log": [{"command_name": "received"}] * 10}
        assert caller.ask("POST", f"/{path}", summary).status == 200
        [record] = caller.ask("GET", "/-/call.json?id=call-n").json["records"]
        assert [each["seconds"] > 0 for each in record["functions"]] == [True] * 10
        balance = functions(caller.document("/billing", "call-1"))["get_balance"]["web_hook_url"]
        for number in range(10):
            caller.call(balance, "get_balance", {"account_id": "B-1"}, f"call-{number}")

        def listed():
            return sorted(each["id"] for each in caller.ask("GET", "/-/calls.json").json["recent"])

        every = [*(f"call-{number}" for number in range(10)), "call-n"]
        poll_until(lambda: [listed() for _ in range(6)] == [every] * 6, said=lambda: str(listed()))
        for number in range(10):
            page = caller.ask("GET", f"/-/call?id=call-{number}")

            assert page.status == 200
            assert b"get_balance" in page.body


def test_what_changed_last(desk, place):
    """Reloads and written files are on the overview of any worker."""
    with desk.serve(cwd=place) as served:
        caller, port = Caller.of(served), served.url.rpartition(":")[2]
        assert desk.run("agenthost", "lock", cwd=place).returncode == 0
        assert desk.run("agenthost", "reload", "--port", port, cwd=place).returncode == 0

        def changes():
            return [each["event"] for each in caller.ask("GET", "/-/overview.json").json["changes"]]

        poll_until(lambda: [len(changes()) for _ in range(6)] == [3] * 6, said=lambda: str(changes()))
        assert [each.partition(" ")[0] for each in changes()] == ["reloaded:", "agenthost.lock", "agenthost.toml"]
        memory = [each["memory"] for each in caller.ask("GET", "/-/charts.json").json["minutes"]]

        assert memory[-1] > 40


@pytest.fixture
def full_disk(tmp_path):
    """A function that fills a small file system, and its place."""
    place = tmp_path / "disk"
    place.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", place]
    mounted = subprocess.run(mount, check=False)  # noqa: S603 - for the test alone
    if mounted.returncode != 0:
        pytest.skip("a file system cannot be mounted here, which needs root")

    def fill():
        with suppress(OSError), (place / "filled").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    yield place, fill
    subprocess.run(["umount", "--lazy", place], check=True)  # noqa: S603, S607 - as above


def test_an_operator_finds_each_cause(desk, place, full_disk):
    """Of four problems, with the fixes: on the overview, or within two clicks."""
    disk, fill = full_disk
    with (place / "agenthost.toml").open("a", encoding="utf-8") as file:
        file.write(f'[state]\nurl = "sqlite:///{disk}/state.db"\n')
    with desk.having("import-error", "failing-tools"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)

        def page(path):
            return re.sub(r"\s+", " ", html.unescape(caller.ask("GET", f"/-/{path}").body.decode()))

        def text(path):
            return re.sub(r"<[^>]*>", "", page(path))

        def follow(path, pattern):
            """Return the path that a link of a page has."""
            return re.findall(rf'(?:href|action)="(?:\./|(?:\.\./)*)({pattern})"', page(path))[0]

        url = functions(caller.document("/failing", "call-7"))["raises"]["web_hook_url"]
        fill()
        caller.call(url, "raises", {}, "call-7")
        caller.ask("POST", "/sip", {"call": {"call_id": "call-8", "to": "sip:nobody@example.com", "from": "sip:a@b"}})
        expected = (
            "agent import-error is quarantined: cannot import name",
            "does not accept writes: its disk is full",
            "agent failing failed once in 5 minutes, the last time in tool raises: ValueError: the calendar is on fire",
            "a call to SIP user 'nobody' reached no agent",
        )
        poll_until(lambda: all(each in text("") for each in expected), 30, said=lambda: text(""))

        def status():
            """Return the output of the command, once the page lists no other problems."""
            done = desk.run("agenthost", "status", "--port", served.url.rpartition(":")[2], cwd=place)
            assert done.returncode == 1
            shown = re.sub(r"\s+", " ", done.stdout)
            return shown if shown.count("fix: ") == text("").count("fix: ") else None

        shown = poll_until(status)
        assert [each for each in expected if each not in shown] == [], shown
        assert shown.count("fix: ") >= len(expected)
        assert "pip install" in text(follow("", "agents/import-error"))
        assert "ValueError: the calendar is on fire" in text(follow("", "errors/e-[0-9a-f]{12}"))
        assert "nobody" in text(follow("", "sip")).partition("Unmatched")[2]
        assert "its disk is full" in text(f"{follow(follow('', 'doctor'), 'doctor')}?examine=1")
