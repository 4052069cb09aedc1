"""A newcomer takes nothing: keys, sections, credentials, routes and SIP users stay with their owners."""

import json
import re

import pytest
from caller import Caller

CLASHING = "agenthost-test-name-clash:sales"
PASSWORD = "a password of its own"
RESTRICTING = {
    "disabled": "enabled = false",
    "credentials": f'user = "sales"\npassword = "{PASSWORD}"',
    "isolated": 'isolation = "process"',
}


def place_of(env, section):
    """A directory to serve in, with a section of the sales agent."""
    place = env.workplace()
    (place / "agenthost.toml").write_text(section)
    return place


def agents(env, place, *options):
    """The rows of ``agenthost check``, by key."""
    done = env.run("agenthost", "check", "--json", *options, cwd=place)
    return {row["agent"]: row for row in json.loads(done.stdout)["agents"]}


def listed_routes(env, place):
    """The routes in ``agenthost agents``, which imports nothing, by key."""
    done = env.run("agenthost", "agents", "--json", cwd=place)
    return {row["agent"]: row["route"] for row in json.loads(done.stdout)}


@pytest.mark.parametrize("section", RESTRICTING.values(), ids=RESTRICTING)
def test_a_newcomer_does_not_take_a_section(desk, section):
    """The owner keeps it across a start, with everything that it restricts."""
    place = place_of(desk, f"[agents.sales]\n{section}\n")
    with desk.serve(cwd=place):
        before = agents(desk, place)["sales"]
    with desk.having("name-clash"), desk.serve(cwd=place) as served:
        after = agents(desk, place)
        caller = Caller.of(served)
        status = caller.ask("POST", "/sales", {}).status
        own = Caller(served.url, ("sales", PASSWORD)).ask("POST", "/sales", {}).status

        assert after["sales"] == before
        assert (after[CLASHING]["state"], after[CLASHING]["route"]) == ("ready", "/name-clash")
        assert caller.ask("POST", "/name-clash", {}).status == 200
        assert (status, own) == {"disabled": (404, 404), "credentials": (401, 200), "isolated": (200, 401)}[
            next(name for name, each in RESTRICTING.items() if each == section)
        ]


def test_a_newcomer_changes_no_names(desk):
    """Model IDs, labels of metrics and names in the health report stay."""
    place = place_of(desk, "")

    def named(served):
        caller = Caller.of(served)
        assert caller.ask("POST", "/sales", {}).status == 200
        models = {each["id"] for each in caller.ask("GET", "/v1/models").json["data"]}
        labels = re.findall(r'agent="([^"]+)"', caller.ask("GET", "/metrics").body.decode())
        return models, {*labels}, {*caller.ask("GET", "/health?shape=names").json["agents"]}

    with desk.serve(cwd=place) as served:
        before = named(served)
    with desk.having("name-clash"), desk.serve(cwd=place) as served:
        after = named(served)

    assert all("sales" in names for names in before[:2])
    assert [old - new for old, new in zip(before, after, strict=True)] == [set()] * 3
    assert {name for old, new in zip(before, after, strict=True) for name in new - old} <= {CLASHING, "name-clash"}


@pytest.mark.parametrize("section", RESTRICTING.values(), ids=RESTRICTING)
def test_without_an_owner_neither_is_served(desk, section):
    """Before the first serving host, the section may mean either agent.

    A line in the file decides.
    """
    place = place_of(desk, f"[agents.sales]\n{section}\n")
    with desk.having("name-clash"):
        rows_of = agents(desk, place)
        assert {rows_of[key]["state"] for key in ("agenthost-frontdesk:sales", CLASHING)} == {"conflict"}
        assert rows_of[CLASHING]["remedy"] == f'[agents.sales] use = "{CLASHING}" in agenthost.toml'
        assert rows_of["support"]["state"] == "ready"

        (place / "agenthost.toml").write_text(f'[agents.sales]\nuse = "{CLASHING}"\n{section}\n')
        assert agents(desk, place)["sales"]["package"] == "agenthost-test-name-clash"


def test_the_record_of_owners(desk):
    """It is shown and edited, and another configuration file has its own."""
    place = place_of(desk, "")
    routes_before = listed_routes(desk, place)
    with desk.serve(cwd=place), desk.having("name-clash"):
        assert (routes_before["sales"], listed_routes(desk, place)["sales"]) == (None, "/sales")
        listed = desk.run("agenthost", "owners", cwd=place)
        assert ["sales", "agenthost-frontdesk", "/sales", "sales"] in [
            line.split() for line in listed.stdout.splitlines()
        ]

        other = place / "other.toml"
        other.write_text("")
        assert "No owners yet" in desk.run("agenthost", "owners", "--config", str(other), cwd=place).stdout
        assert set(agents(desk, place, "--config", str(other))) >= {"agenthost-frontdesk:sales", CLASHING}

        assert desk.run("agenthost", "owners", "forget", "sales", cwd=place).stdout == (
            "sales no longer belongs to agenthost-frontdesk\n"
        )
        again = desk.run("agenthost", "owners", "forget", "sales", cwd=place)
        assert (again.returncode, "has no owner" in again.stderr) == (2, True)


def test_a_package_that_is_gone_keeps_its_name(desk):
    """A section that restricts and fits nothing stops the start, unless it is optional."""
    place = place_of(desk, "")
    with desk.having("good-1"), desk.serve(cwd=place):
        pass
    (place / "agenthost.toml").write_text("[agents.good-1]\nenabled = false\n")

    done = desk.run("agenthost", "run", "--port", "0", cwd=place)
    assert done.returncode == 4
    assert "agents.good-1: no installed package offers 'good-1', and the section restricts it. fix: " in done.stderr

    (place / "agenthost.toml").write_text("[agents.good-1]\nenabled = false\noptional = true\n")
    with desk.serve(cwd=place) as served:
        assert Caller.of(served).ask("POST", "/sales", {}).status == 200


def test_a_name_with_a_colon_is_not_another_key(desk):
    """An entry point may be named like a full key.

    It has neither that agent's section nor its secret.
    """
    place = place_of(desk, f'[agents."agenthost-frontdesk:sales"]\nuser = "sales"\npassword = "{PASSWORD}"\n')
    with desk.having("colon-name"), desk.serve(cwd=place) as served:
        found = agents(desk, place)
        assert found["sales"]["state"] == "ready"
        refused = found["agenthost-test-colon-name:agenthost-frontdesk:sales"]
        assert (refused["state"], refused["route"]) == ("conflict", None)
        assert "only letters, digits" in refused["reason"]
        assert Caller(served.url, ("sales", PASSWORD)).ask("POST", "/sales", {}).status == 200
        assert Caller.of(served).ask("POST", "/colon-name", {}).status == 404


def test_a_newcomer_does_not_take_callers(desk):
    """A SIP user stays with the agent that it has reached by name.

    The new agent has its other users.
    """
    place = place_of(desk, "")
    to = {user: {"call": {"to": f"sip:{user}@acme.example"}} for user in ("sales", "vertrieb")}
    with desk.serve(cwd=place) as served:
        before = json.loads(Caller.of(served).ask("POST", "/sip", to["sales"]).body)
    with desk.having("takes-an-alias"), desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        after = json.loads(caller.ask("POST", "/sip", to["sales"]).body)
        other = caller.ask("POST", "/sip", to["vertrieb"])

        prompt = [next(v["ai"]["prompt"] for v in d["sections"]["main"] if "ai" in v) for d in (before, after)]
        assert prompt[0] == prompt[1]
        assert other.status == 200
        warning = "SIP alias 'sales' stays with sales; takes-an-alias declares it too"
        assert warning in desk.run("agenthost", "check", cwd=place).stderr


def test_routes_stay_with_who_was_served_there(desk):
    """The front desk's sales agent keeps its route after a restart.

    The new agent has the conflict.
    """
    place = place_of(desk, "")
    with desk.serve(cwd=place):
        pass
    with desk.having("route-clash"):
        found = agents(desk, place)
        assert (found["sales"]["state"], found["route-clash"]["state"]) == ("ready", "conflict")
