"""Packages that are broken in the way of their name, next to working ones.

They are installed beside nine good ones and the front desk. The operator sees the failure, the distribution and
version, and the fix. All other agents are served.
"""

import json
import re

import pytest
from banner import Banner, rows
from caller import Caller, functions
from environment import BROKEN, DISTS, GOOD
from imports import imported_by

SLOWEST = "[host]\nbuild_timeout = 1\n"
WITHOUT_THE_SLOWEST = "[agents.hangs-on-import]\nenabled = false\n"
FRONTDESK_SALES = "agenthost-frontdesk:sales"
CLASHING_SALES = "agenthost-test-name-clash:sales"


def switched_off(key):
    distribution = f"agenthost-test-{key}"
    return f"pip install --upgrade {distribution}; or switch it off in agenthost.toml: [agents.{key}] enabled = false"


def chosen(section, elsewhere):
    moved = f'{section} route = "{elsewhere}" moves it'
    return f'choose in agenthost.toml: {moved}, route = "/sales" gives it the route'


LATER = "[host] build_timeout = 60 in agenthost.toml gives it more time; [agents.hangs-on-import] enabled = false"
QUARANTINED = {
    "bad-route": (
        "route '/Sales Team!' is not a path of one to four segments",
        '[agents.bad-route] route = "/bad-route" in agenthost.toml',
    ),
    "constructor-raises": (
        "RuntimeError: no calendar is configured (agenthost_test_constructor_raises.py:8)",
        switched_off("constructor-raises"),
    ),
    "hangs-on-import": ("did not finish loading within 1 s", f"{LATER} switches it off"),
    "import-error": ("cannot import name 'AgentOfAnotherRelease' from 'agenthost'", switched_off("import-error")),
    "missing-attribute": ("has no attribute 'Agent'", switched_off("missing-attribute")),
    "missing-extra": ("No module named 'caldav'", "pip install 'agenthost-test-missing-extra[calendar]'"),
    "not-an-agent": ("not an agent", switched_off("not-an-agent")),
    "reserved-route": (
        "route '/health' is reserved",
        '[agents.reserved-route] route = "/reserved-route" in agenthost.toml',
    ),
    "syntax-error": ("SyntaxError: '(' was never closed", switched_off("syntax-error")),
    "system-exit-on-import": ("it called sys.exit(3) while loading", switched_off("system-exit-on-import")),
    "wrong-api": (
        "it requires agenthost>=99, and this is agenthost 0.1.0",
        "pip install --upgrade agenthost agenthost-test-wrong-api",
    ),
}
CONFLICTS = {
    FRONTDESK_SALES: (
        "route '/sales' is also claimed by agenthost-test-route-clash 1.0 (route-clash)",
        chosen('[agents."agenthost-frontdesk:sales"]', "/agenthost-frontdesk-sales"),
    ),
    "route-clash": (
        "route '/sales' is also claimed by agenthost-frontdesk 0.1.0 (agenthost-frontdesk:sales)",
        chosen("[agents.route-clash]", "/route-clash"),
    ),
}
FAILED = QUARANTINED | CONFLICTS
SERVED = ["/", "/billing", *(f"/{name}" for name in GOOD), "/name-clash", "/support"]


@pytest.fixture(scope="module")
def broken(desk):
    """The environment with all of them."""
    desk.install(*GOOD, *BROKEN, "empty")
    return desk


@pytest.fixture(scope="module")
def place(broken):
    """Return a working directory with a short build timeout.

    One package may take a second to load, rather than ten.
    """
    return configured(broken, SLOWEST)


@pytest.fixture(scope="module")
def checked(broken, place):
    return broken.run("agenthost", "check", "--json", cwd=place)


@pytest.fixture(scope="module")
def report(checked):
    """Return the agents in ``check --json``, by key."""
    return by_key(json.loads(checked.stdout)["agents"])


@pytest.fixture(scope="module")
def served(broken, place):
    with broken.serve(cwd=place) as served:
        yield served
    assert served.process.returncode == 0


@pytest.fixture(scope="module")
def banner(served):
    return Banner.of(served)


def configured(environment, text):
    """A working directory with this agenthost.toml."""
    place = environment.workplace()
    (place / "agenthost.toml").write_text(text)
    return place


def by_key(agents):
    found = {agent["agent"]: agent for agent in agents}
    assert len(found) == len(agents)
    return found


def package_of(key):
    return "agenthost-frontdesk" if key == FRONTDESK_SALES else f"agenthost-test-{key}"


def who(caller, route):
    """Return an agent's own name, from its tool."""
    url = functions(caller.document(route, "c-1"))["who"]["web_hook_url"]
    return caller.call(url, "who", {}, "c-1")["response"]


# -- what the operator sees ------------------------------------------------------------------------------------------


def test_every_broken_distribution_is_here():
    assert {path.name for path in DISTS.iterdir()} >= {*BROKEN}
    assert {key for key in FAILED if key != FRONTDESK_SALES} | {"name-clash"} == {*BROKEN}


@pytest.mark.parametrize("key", FAILED)
def test_check_names_reason_package_version_and_remedy(report, key):
    reason, remedy = FAILED[key]
    row = report[key]

    assert row["state"] == ("conflict" if key in CONFLICTS else "quarantined")
    assert reason in row["reason"]
    assert "\n" not in row["reason"]
    assert row["package"] == package_of(key)
    assert row["version"] == ("0.1.0" if key == FRONTDESK_SALES else "1.0")
    assert row["remedy"] == remedy
    assert row["tools"] == []


@pytest.mark.parametrize("key", FAILED)
def test_the_banner_shows_the_same(banner, report, key):
    row = report[key]

    assert banner.agents[key] == {
        "route": row["route"] or "–",
        "tools": "–",
        "sip": "–",
        "package": f"{row['package']} {row['version']}",
        "state": f"{row['state']}: {row['reason']}",
        "remedy": row["remedy"],
    }


def test_everything_else_is_ready(report, banner):
    """An empty distribution is nothing, and no problem."""
    ready = [row for row in report.values() if row["state"] == "ready"]

    assert sorted(row["route"] for row in ready) == SERVED
    assert report.keys() == banner.agents.keys() == FAILED.keys() | {row["agent"] for row in ready}


def test_check_ends_with_1_and_counts(broken, place, checked):
    text = broken.run("agenthost", "check", cwd=place)

    assert (checked.returncode, text.returncode) == (1, 1)
    assert json.loads(checked.stdout)["problems"] == len(FAILED)
    assert f"{len(FAILED)} problems." in text.stdout
    assert rows(text.stdout).keys() >= FAILED.keys()
    assert "Traceback" not in text.stdout + text.stderr + checked.stderr


def test_agents_shows_the_same_and_ends_with_0(broken, place, report):
    """A list exits with 0, unlike a check."""
    listed = broken.run("agenthost", "agents", "--load", "--json", cwd=place)

    assert listed.returncode == 0
    assert by_key(json.loads(listed.stdout)) == report


@pytest.mark.parametrize("command", ["check", "run"])
def test_strict_makes_it_fatal(broken, place, command):
    """One sentence names each agent and its reason.

    The exit code is a special one.
    """
    options = ("--port", "0") if command == "run" else ()
    refused = broken.run("agenthost", command, "--strict", *options, cwd=place)

    assert refused.returncode == 4
    assert refused.stdout == ""
    [line] = refused.stderr.splitlines()
    assert all(f"{key}: " in line and reason in line for key, (reason, _) in FAILED.items())


def test_the_log_names_each_that_failed(served):
    """The log has a line for each, with the same content."""
    lines = served.stderr.splitlines()

    for key, (reason, remedy) in FAILED.items():
        [line] = [line for line in lines if f" {key} (" in line]
        assert reason in line
        assert remedy in line
        assert package_of(key) in line
    assert "Traceback" not in served.stderr


def test_a_package_for_another_host_is_not_imported(broken, place):
    """Others are, which shows that one would see it."""
    imported = imported_by(broken, "check", cwd=place)

    assert {"agenthost_test_good_1", "agenthost_test_syntax_error"} <= imported
    assert "agenthost_test_wrong_api" not in imported


# -- what still serves -----------------------------------------------------------------------------------------------


def test_health_says_which_serve(caller):
    answer = caller.ask("GET", "/health")

    assert answer.status == 200
    assert answer.json["status"] == "degraded"
    assert answer.json["routes"] == SERVED
    assert caller.ask("GET", "/ready").json == {"status": "ready", "agents": len(SERVED)}


@pytest.mark.parametrize("key", FAILED)
def test_each_that_failed_says_so_by_itself(caller, key):
    assert caller.ask("GET", f"/health/{key}").status == 503
    assert caller.ask("GET", f"/ready/{key}").status == 503
    assert caller.ask("GET", f"/{key}").status == 404


@pytest.mark.parametrize("name", [*GOOD, "name-clash"])
def test_the_good_ones_answer(caller, name):
    assert who(caller, f"/{name}") == name


@pytest.mark.parametrize("route", ["/", "/billing", "/support"])
def test_the_rest_of_the_front_desk_answers(caller, route):
    assert caller.document(route)["version"] == "1.0.0"


# -- conflicts -------------------------------------------------------------------------------------------------------


def test_nobody_serves_a_route_that_two_claim(caller):
    """Nor is a call handed over there, to whomever."""
    assert caller.ask("GET", "/sales").status == 404
    assert caller.ask("POST", "/sales/swaig", {"function": "who"}).status == 404

    url = functions(caller.document("/", "c-1"))["transfer_department"]["web_hook_url"]
    answer = caller.call(url, "transfer_department", {"department": "sales"}, "c-1")
    assert [*answer] == ["response", "error_id"]


@pytest.mark.parametrize("key", CONFLICTS)
def test_the_line_that_moves_one_lets_both_serve(broken, key):
    """Pasted as the remedy has it."""
    section, elsewhere, _ = choice(key)
    place = configured(broken, f'{WITHOUT_THE_SLOWEST}{section}\nroute = "{elsewhere}"\n')
    routes = dict.fromkeys(CONFLICTS, "/sales") | {key: elsewhere}
    with broken.serve(cwd=place) as served:
        caller = Caller.of(served)
        documents = {claimant: caller.document(route) for claimant, route in routes.items()}
        url = functions(caller.document("/", "c-1"))["transfer_department"]["web_hook_url"]
        handed_over = caller.call(url, "transfer_department", {"department": "sales"}, "c-1")
        agents = Banner.of(served).agents

    assert {claimant: agents[claimant]["state"] for claimant in CONFLICTS} == dict.fromkeys(CONFLICTS, "ready")
    assert [*functions(documents["route-clash"])] == ["who"]
    assert [*functions(documents[FRONTDESK_SALES])] == ["get_pricing"]
    assert f'{routes[FRONTDESK_SALES]}"' in json.dumps(handed_over["action"])


@pytest.mark.parametrize("key", CONFLICTS)
def test_the_line_that_gives_one_the_route_lets_it_serve(broken, key):
    """The other is still in conflict, until it has a route of its own."""
    section, _, disputed = choice(key)
    place = configured(broken, f'{WITHOUT_THE_SLOWEST}{section}\nroute = "{disputed}"\n')
    checked = broken.run("agenthost", "check", "--json", cwd=place)
    agents = by_key(json.loads(checked.stdout)["agents"])

    [other] = CONFLICTS.keys() - {key}
    assert (agents[key]["state"], agents[key]["route"]) == ("ready", "/sales")
    assert agents[key]["tools"] == (["who"] if key == "route-clash" else ["get_pricing"])
    assert agents[other]["state"] == "conflict"


def choice(key):
    """Return the parts of a conflict's remedy.

    They are the section, the other route and the disputed route.
    """
    found = re.fullmatch(
        r'choose in agenthost\.toml: (\[.+\]) route = "(.+)" moves it, route = "(.+)" gives it the route',
        CONFLICTS[key][1],
    )
    return found.groups()


def test_one_name_in_two_distributions_is_two_agents(broken, report):
    """Both are served, with the distribution in their keys.

    The short name has no owner, so a section of that name stops both until it says which it means.
    """
    assert {key for key in report if key.endswith("sales")} == {FRONTDESK_SALES, CLASHING_SALES}
    assert report[CLASHING_SALES]["route"] == "/name-clash"

    place = configured(broken, f'{WITHOUT_THE_SLOWEST}[agents.sales]\nroute = "/x"\n')
    listed = broken.run("agenthost", "agents", cwd=place)
    for key in (FRONTDESK_SALES, CLASHING_SALES):
        assert f'fix:  [agents.sales] use = "{key}" in agenthost.toml' in listed.stdout

    place = configured(
        broken,
        f'{WITHOUT_THE_SLOWEST}[agents."{FRONTDESK_SALES}"]\nroute = "/first"\n'
        f'[agents."{CLASHING_SALES}"]\nroute = "/second"\n',
    )
    mounted = by_key(json.loads(broken.run("agenthost", "check", "--json", cwd=place).stdout)["agents"])
    assert (mounted[FRONTDESK_SALES]["route"], mounted[CLASHING_SALES]["route"]) == ("/first", "/second")
    assert mounted["route-clash"]["state"] == "ready"


def test_every_line_that_a_remedy_names_does_what_it_says(broken):
    """With all lines in agenthost.toml, only findings for pip remain."""
    lines = {
        key: found
        for key, (_, remedy) in QUARANTINED.items()
        if (found := re.search(r'(\[agents\.\S+\]) (route = "\S+"|enabled = false)', remedy))
    }
    section, elsewhere, _ = choice("route-clash")
    place = configured(
        broken,
        "".join(f"{found[1]}\n{found[2]}\n" for found in lines.values()) + f'{section}\nroute = "{elsewhere}"\n',
    )
    checked = json.loads(broken.run("agenthost", "check", "--json", cwd=place).stdout)
    states = {key: row["state"] for key, row in by_key(checked["agents"]).items()}

    assert {key for key, state in states.items() if state not in {"ready", "disabled"}} == QUARANTINED.keys() - lines
    assert {"missing-extra", "wrong-api"} == QUARANTINED.keys() - lines
    assert states["bad-route"] == states["reserved-route"] == states["route-clash"] == "ready"
