"""Plugins: packages that change the host itself, and what becomes of those that fail."""

import json
import re

import pytest
from banner import Banner
from caller import functions

BRANCHES = {"branch-berlin": "/branches/berlin", "branch-paris": "/branches/paris"}
FAILED_AT_LOADING = {
    "unknown-hook": "unknown hook 'agent_made'",
    "unknown-argument": "its configure_app(app_config, colour) takes colour",
    "not-there": "has no attribute 'Missing'",
    "raises-in-agents": "RuntimeError: the table of branches is gone",
    "exits-in-agents": "it called sys.exit(3)",
    "gives-no-agents": "its hook agents() returns str object, not an AgentBase",
}
FAILED = FAILED_AT_LOADING | {"breaks-the-app": "Router.register"}


@pytest.fixture(scope="module")
def plugged(desk):
    """The environment with a good plugin, and others that fail in several ways."""
    desk.install("plugin-hooks", "plugin-raises", "plugin-wrong")
    return desk


@pytest.fixture(scope="module")
def served(plugged):
    with plugged.serve() as served:
        yield served


@pytest.fixture(scope="module")
def checked(plugged):
    return plugged.run("agenthost", "check", "--json")


@pytest.fixture
def configured(plugged):
    """Return a function that writes an agenthost.toml and returns its directory."""

    def configured(text):
        place = plugged.workplace()
        (place / "agenthost.toml").write_text(text)
        return place

    return configured


def listed(environment, place, *options):
    """Return the rows of ``plugins --json``, by name."""
    done = environment.run("agenthost", "plugins", "--json", *options, cwd=place)
    assert done.returncode == 0
    return {row["plugin"]: row for row in json.loads(done.stdout)}


def agents(environment, place):
    return {
        row["agent"]: row
        for row in json.loads(environment.run("agenthost", "check", "--json", cwd=place).stdout)["agents"]
    }


def test_agents_that_a_plugin_makes_are_served_like_any_other(caller, served):
    """With the distribution that they come from."""
    shown = Banner.of(served).agents

    for key, route in BRANCHES.items():
        url = functions(caller.document(route, "c-1"))["town"]["web_hook_url"]
        assert caller.call(url, "town", {}, "c-1") == {"response": route.rpartition("/")[2]}
        assert shown[key] == {
            "route": route,
            "tools": "1",
            "sip": "–",
            "package": "agenthost-test-plugin-hooks 1.0",
            "state": "ready",
        }


def test_an_endpoint_that_a_plugin_adds_answers(caller):
    """Behind the rules that hold for every path."""
    answer = caller.ask("GET", "/branches")

    assert (answer.status, answer.json) == (200, ["berlin", "paris"])
    assert answer.header("x-content-type-options") == "nosniff"
    assert caller.ask("GET", "//branches").status == 400
    assert caller.ask("DELETE", "/branches").status == 405


@pytest.mark.parametrize("name", FAILED)
def test_a_plugin_that_fails_is_set_aside(checked, served, name):
    """The operator reads which, in what distribution, why, and how to go on without it."""
    [row] = [row for row in json.loads(checked.stdout)["plugins"] if row["plugin"] == name]
    package = (
        "agenthost-test-plugin-wrong"
        if name in ("unknown-hook", "unknown-argument", "not-there")
        else "agenthost-test-plugin-raises"
    )

    assert (row["package"], row["version"], row["state"]) == (package, "1.0", "quarantined")
    assert FAILED[name] in row["reason"]
    assert f'[plugins] disable = ["{name}"]' in row["remedy"]
    assert f"  plugin {name} ({package} 1.0): {row['reason']}\n    fix:  {row['remedy']}\n" in served.stdout
    served.once_logged(f"plugin {name} ({package} 1.0)")


def test_check_counts_them_and_shows_no_traceback(plugged, checked):
    text = plugged.run("agenthost", "check")

    assert checked.returncode == text.returncode == 1
    assert json.loads(checked.stdout)["problems"] == len(FAILED)
    assert f"{len(FAILED)} problems." in text.stdout
    assert "Traceback" not in text.stdout + text.stderr + checked.stderr


def test_everybody_else_serves(caller):
    """Agents are not degraded by a plugin that is missing."""
    health = caller.ask("GET", "/health").json

    assert health["routes"] == ["/", "/billing", *BRANCHES.values(), "/sales", "/support"]
    assert caller.document("/sales")["version"] == "1.0.0"


def test_the_list_says_what_each_hooks_into(plugged):
    """Without ``--load``, no plugin is imported.

    Built-in plugins come last.
    """
    unseen, seen = listed(plugged, None), listed(plugged, None, "--load")
    built_in = {name for name, row in seen.items() if row["state"] == "built in"}

    assert seen["state_sqlite"]["hooks"] == ["state_providers"]
    assert list(seen)[-len(built_in) :] == sorted(built_in)
    assert unseen.keys() - built_in == seen.keys() - built_in == {"plugin-hooks", *FAILED}
    assert {unseen[name]["state"] for name in FAILED} == {"enabled"}
    assert {unseen[name]["state"] for name in built_in} == {"built in"}
    assert seen["plugin-hooks"] == {
        "plugin": "plugin-hooks",
        "package": "agenthost-test-plugin-hooks",
        "version": "1.0",
        "state": "ready",
        "hooks": ["agents", "configure_app", "console_pages"],
    }
    for name, reason in FAILED.items():
        assert seen[name]["state"] == "quarantined"
        assert reason in seen[name]["reason"]


def test_hooks_are_listed_with_who_implements_them(plugged):
    """A plugin that cannot be registered has no hooks, which stderr reports."""
    done = plugged.run("agenthost", "hooks", "--json")
    hooks = {row["hook"]: row for row in json.loads(done.stdout)}
    text = plugged.run("agenthost", "hooks").stdout

    assert done.returncode == 0
    assert [plugin["plugin"] for plugin in hooks["configure_app"]["plugins"]] == ["plugin-hooks", "breaks-the-app"]
    assert hooks["configure_app"]["signature"] == "configure_app(app_config: AppConfig) -> None"
    assert "plugin unknown-hook (agenthost-test-plugin-wrong 1.0) is not loaded: " in done.stderr
    assert "state_memory (built in), state_sqlite (built in)" in text
    assert "plugin-hooks (agenthost-test-plugin-hooks 1.0)" in text


def test_the_list_of_plugins_is_narrowed_to_a_hook(plugged):
    """The list loads the plugins.

    An unknown hook is a usage error with the known ones.
    """
    rows = listed(plugged, None, "--hook", "configure_app")
    refused = plugged.run("agenthost", "plugins", "--hook", "configure")

    assert {name: row["state"] for name, row in rows.items()} == {
        "breaks-the-app": "quarantined",
        "plugin-hooks": "ready",
    }
    assert refused.returncode == 2
    assert "agents, chat_models" in refused.stderr


def test_calls_of_hooks_are_shown_where_that_is_asked_for(plugged):
    """The output has plugin, seconds and result of each call, including failed ones."""
    shown = plugged.run("agenthost", "check", variables={"AGENTHOST_TRACE_HOOKS": "1"}).stderr
    package = "agenthost-test-plugin"

    assert re.search(rf"^hook configure_app of {package}-hooks:plugin-hooks: \d+\.\d ms, None$", shown, re.MULTILINE)
    assert re.search(rf"^hook agents of {package}-hooks:plugin-hooks: \d+\.\d ms, \[<", shown, re.MULTILINE)
    assert "ms, failed: RuntimeError: the table of branches is gone" in shown
    assert "hook " not in plugged.run("agenthost", "check").stderr


def test_plugins_are_switched_off_by_name(plugged, configured):
    place = configured('[plugins]\ndisable = ["plugin-hooks", "unknown-hook"]\n')
    states = {name: row["state"] for name, row in listed(plugged, place).items()}

    assert {name for name, state in states.items() if state == "disabled"} == {"plugin-hooks", "unknown-hook"}
    assert not BRANCHES.keys() & agents(plugged, place).keys()


def test_only_the_plugins_that_are_named_are_loaded(plugged, configured):
    """Then nothing is left that fails."""
    place = configured('[plugins]\nonly = ["plugin-hooks"]\n')
    checked = plugged.run("agenthost", "check", cwd=place)

    assert checked.returncode == 0
    assert "No problems." in checked.stdout
    assert {name for name, row in listed(plugged, place).items() if row["state"] == "enabled"} == {"plugin-hooks"}
    assert agents(plugged, place).keys() > BRANCHES.keys()


def test_an_agent_that_a_plugin_makes_is_configured_by_its_name(plugged, configured):
    place = configured(
        '[plugins]\nonly = ["plugin-hooks"]\n[agents.branch-berlin]\nroute = "/berlin"\n'
        "[agents.branch-paris]\nenabled = false\n"
    )
    states = agents(plugged, place)

    assert states["branch-berlin"]["route"] == "/berlin"
    assert states["branch-paris"]["state"] == "disabled"
    assert plugged.run("agenthost", "check", cwd=place).stderr == ""


@pytest.mark.parametrize(
    ("settings", "state", "told"),
    [
        ("", "quarantined", 'plugins."agenthost-test-plugin-namesake:plugin-hooks".town: it is missing'),
        ('[plugins.plugin-hooks]\ntown = "Rome"\n', "quarantined", "several packages offer a plugin of this name."),
        (
            '[plugins."agenthost-test-plugin-namesake:plugin-hooks"]\ntown = "Rome"\n',
            "ready",
            "state_sqlite and agenthost-test-plugin-namesake:plugin-hooks both open sqlite:// stores.",
        ),
    ],
)
def test_two_of_one_name_and_two_for_one_store_are_told(plugged, configured, settings, state, told):
    """Both plugins are loaded, each with settings of its own.

    A store that two can open is opened by neither.
    """
    with plugged.having("plugin-namesake"):
        report = json.loads(plugged.run("agenthost", "check", "--json", cwd=configured(settings)).stdout)

    named = {row["package"]: row for row in report["plugins"] if row["plugin"] == "plugin-hooks"}
    assert named["agenthost-test-plugin-hooks"]["state"] == "ready"
    assert named["agenthost-test-plugin-namesake"]["state"] == state
    reasons = [row["reason"] for row in report["plugins"] if "reason" in row]
    assert told in " ".join([*reasons, *report["warnings"]])
    assert {row["state"] for row in report["agents"]} == {"ready"}


def test_a_plugin_that_fails_is_fatal_where_that_is_asked_for(plugged):
    refused = plugged.run("agenthost", "check", "--strict")

    assert refused.returncode == 4
    assert len(refused.stderr.splitlines()) == 1
    assert all(f"{name}: " in refused.stderr for name in FAILED_AT_LOADING)
