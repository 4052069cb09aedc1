"""The command line: what each command prints, imports and ends with."""

import json
import socket

import pytest
from banner import Banner
from imports import imported_by
from ports import free_port

COMMANDS = ["agents", "check", "plugins", "routes", "run"]
LISTS = ["agents", "plugins", "routes"]
KEYS = ["billing", "main", "sales", "support"]
DEAR = {"litestar", "uvicorn", "msgspec", "pluggy", "importlib_metadata", "agenthost_frontdesk", "agenthost.agent"}


@pytest.fixture
def taken():
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# -- help and lists --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_command(desk, option):
    done = desk.run("agenthost", option)

    assert done.returncode == 0
    assert all(f"  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(desk, command):
    done = desk.run("agenthost", command, "--help")

    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: agenthost {command} ")
    assert "--config FILE" in done.stdout


@pytest.mark.parametrize("command", [("agenthost",), ("python", "-m", "agenthost")])
def test_the_version(desk, command):
    done = desk.run(*command, "--version")

    assert (done.returncode, done.stdout, done.stderr) == (0, "agenthost 0.1.0\n", "")


@pytest.mark.parametrize(
    "arguments", [("--help",), ("--version",), *((command, *json) for command in LISTS for json in ((), ("--json",)))]
)
def test_help_and_lists_import_neither_the_server_nor_any_package(desk, arguments):
    imported = imported_by(desk, *arguments)

    assert "click" in imported
    assert not DEAR & imported


def test_what_loads_packages_imports_them_and_still_no_server(desk):
    """It shows that the test above would detect an import."""
    imported = imported_by(desk, "agents", "--load")

    assert {"agenthost_frontdesk", "agenthost.agent", "pluggy"} <= imported
    assert "litestar" not in imported


def test_agents_lists_what_metadata_says(desk):
    text, data = desk.run("agenthost", "agents"), desk.run("agenthost", "agents", "--json")

    assert (text.returncode, text.stderr) == (data.returncode, data.stderr) == (0, "")
    assert json.loads(data.stdout) == [
        {
            "agent": key,
            "route": None,
            "tools": None,
            "sip": None,
            "package": "agenthost-frontdesk",
            "version": "0.1.0",
            "state": "enabled",
            "value": f"agenthost_frontdesk:{key.title()}Agent",
            "isolation": "thread",
        }
        for key in KEYS
    ]
    assert [line.split()[0] for line in text.stdout.splitlines()] == ["agent", *KEYS]
    assert text.stdout.count("–") == 4


def test_agents_loads_when_it_is_asked_to(desk):
    """Then it knows what only the packages know."""
    text = desk.run("agenthost", "agents", "--load")
    data = json.loads(desk.run("agenthost", "agents", "--load", "--json").stdout)

    assert {row["agent"]: (row["route"], row["tools"], row["sip"], row["state"]) for row in data} == {
        "main": ("/", ["transfer_department"], ["main"], "ready"),
        "billing": ("/billing", ["get_balance"], ["billing"], "ready"),
        "sales": ("/sales", ["get_pricing"], ["sales"], "ready"),
        "support": ("/support", ["create_ticket"], ["support"], "ready"),
    }
    assert all(row["route"] in text.stdout for row in data)


def test_routes_lists_who_answers_where(desk):
    unseen, seen = (json.loads(desk.run("agenthost", "routes", "--json", *load).stdout) for load in ((), ("--load",)))
    host = [
        "/-/metrics.json",
        "/-/sip/unmatched",
        "/-/status.json",
        "/health",
        "/live",
        "/metrics",
        "/ready",
        "/sip",
        "/startup",
    ]
    host += ["/v1/chat/completions", "/v1/models", "/v1/responses"]

    assert [row["route"] for row in unseen] == [None] * 4 + host
    assert [row["route"] for row in seen] == ["/", "/billing", "/sales", "/support", *host]
    assert [row["answers"] for row in seen[:4]] == ["agent main", "agent billing", "agent sales", "agent support"]
    assert "/sales" in desk.run("agenthost", "routes", "--load").stdout


def test_plugins_lists_those_that_are_built_in(desk):
    rows = json.loads(desk.run("agenthost", "plugins", "--json").stdout)

    assert {(row["package"], row["state"]) for row in rows} == {("agenthost", "built in")}
    assert {"state_memory", "state_sqlite"} <= {row["plugin"] for row in rows}


def test_check_finds_nothing_wrong(desk):
    text, data = desk.run("agenthost", "check"), desk.run("agenthost", "check", "--json")

    assert (text.returncode, text.stderr) == (data.returncode, data.stderr) == (0, "")
    assert text.stdout.splitlines()[-1] == "No problems."
    assert json.loads(data.stdout)["problems"] == 0
    assert [row["agent"] for row in json.loads(data.stdout)["agents"]] == ["main", "billing", "sales", "support"]
    assert desk.run("agenthost", "check", "--strict").returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_cannot_show_every_character(desk, encoding):
    """It shows a replacement instead.

    A banner must not keep the host from serving.
    """
    variables = {"PYTHONIOENCODING": encoding}
    with desk.having("good-1"), desk.serve(variables=variables) as served:
        assert Banner.of(served).agents["good-1"]["state"] == "ready"
        assert desk.run("agenthost", "agents", "--load", variables=variables).returncode == 0

    assert served.process.returncode == 0
    assert "Traceback" not in served.stderr


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--no-such-option",), "--no-such-option"),
        (("serve",), "serve"),
        (("run", "--prot", "3000"), "--prot"),
        (("run", "--port"), "--port"),
        (("run", "--port", "http"), "--port"),
        (("run", "--port", "65536"), "--port"),
        (("run", "--port", "-1"), "--port"),
        (("run", "--workers", "0"), "--workers"),
        (("run", "sales", "support"), "support"),
        (("agents", "--yaml"), "--yaml"),
        (("check", "--load"), "--load"),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_ends_with_2_and_a_sentence(desk, arguments, said):
    done = desk.run("agenthost", *arguments)
    *usage, sentence = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (2, "")
    assert all(line.startswith(("Usage: agenthost", "Try 'agenthost ")) for line in usage if line)
    assert sentence.startswith("Error: ")
    assert said in sentence
    assert "Traceback" not in done.stderr


def test_a_command_has_to_be_named(desk):
    done = desk.run("agenthost")

    assert done.returncode == 2
    assert "Commands:" in done.stdout + done.stderr


@pytest.mark.parametrize("address", ["203.0.113.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_ends_with_2_and_a_sentence(desk, address):
    done = desk.run("agenthost", "run", "--host", address, "--port", "0")
    [sentence] = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence.startswith(f"agenthost: cannot listen on {address} port 0: ")
    assert "--host" in sentence


def test_the_port_is_the_option_s_else_the_variable_s_else_the_file_s(desk, taken):
    """Each of them names a taken port.

    The error shows the one that was tried.
    """
    place = desk.workplace()
    (place / "agenthost.toml").write_text(f"[host]\nport = {taken}\n")
    free = str(free_port())

    def tried(*options, **variables):
        done = desk.run("agenthost", "run", *options, cwd=place, variables=variables)
        assert done.returncode == 2
        return f"port {taken}: " in done.stderr

    assert tried()
    (place / "agenthost.toml").write_text(f"[host]\nport = {free}\n")
    assert tried(PORT=str(taken))
    assert tried(AGENTHOST_PORT=str(taken), PORT=free)
    assert tried("--port", str(taken), AGENTHOST_PORT=free, PORT=free)
