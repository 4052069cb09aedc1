"""agenthost.toml and the environment: their effect on a host, and errors in them."""

import json
import re
from urllib.parse import urlsplit

import pytest
from banner import Banner
from caller import Caller, functions
from environment import NO_CREDENTIALS
from raw_http import exchange

COMPANY = """
name = "Acme"
hours = "8 to 12"
support_email = "help@acme.example"
[prices]
basic = "$1/month"
[accounts]
B-1 = 100
"""
PUBLIC = "https://agents.example.com/voice"


@pytest.fixture
def place(desk):
    """A directory to run in, with a company's own file."""
    place = desk.workplace()
    (place / "acme.toml").write_text(COMPANY)
    return place


@pytest.fixture
def configure(place):
    """Writes agenthost.toml."""

    def configure(text):
        (place / "agenthost.toml").write_text(text)
        (place / "agenthost.toml").chmod(0o600)

    return configure


def states(environment, place):
    done = environment.run("agenthost", "check", "--json", cwd=place)
    return {row["agent"]: row for row in json.loads(done.stdout)["agents"]}


def pricing(caller, route, product="basic"):
    """Return the price of a product from the agent at a route."""
    url = functions(caller.document(route, "c-1"))["get_pricing"]["web_hook_url"]
    return caller.call(url, "get_pricing", {"product": product}, "c-1")["response"]


# -- agents ----------------------------------------------------------------------------------------------------------


def test_an_agent_that_is_switched_off_is_listed_and_not_served(desk, place, configure):
    """Its secrets need not exist, and it does not count as a problem."""
    configure('[agents.sales]\nenabled = false\ncompany = { env = "NOT_SET" }\n')
    listed = json.loads(desk.run("agenthost", "agents", "--json", cwd=place).stdout)
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        assert caller.ask("GET", "/sales").status == 404
        assert caller.ask("GET", "/health").json["status"] == "ok"
        assert caller.ask("GET", "/health").json["routes"] == ["/", "/billing", "/support"]
        assert Banner.of(served).agents["sales"]["state"] == "disabled"

    assert {row["agent"]: row["state"] for row in listed} == {
        "main": "enabled",
        "billing": "enabled",
        "sales": "disabled",
        "support": "enabled",
    }
    assert desk.run("agenthost", "check", cwd=place).returncode == 0


def test_an_agent_is_moved_mounted_twice_and_given_its_settings(desk, place, configure):
    """Each mount has its own route, settings and tokens.

    The front desk transfers calls to the agent's new route.
    """
    configure(
        '[agents.sales]\nroute = "/verkauf"\n'
        '[agents.sales-eu]\nuse = "agenthost-frontdesk:sales"\nroute = "/eu/sales"\ncompany = "acme.toml"\n'
    )
    listed = json.loads(desk.run("agenthost", "routes", "--json", cwd=place).stdout)
    with desk.serve(cwd=place) as served:
        caller = Caller.of(served)
        prices = {route: pricing(caller, route) for route in ("/verkauf", "/eu/sales")}
        url = functions(caller.document("/", "c-1"))["transfer_department"]["web_hook_url"]
        moved = caller.call(url, "transfer_department", {"department": "billing"}, "c-1")
        gone = caller.ask("GET", "/sales").status
        health = caller.ask("GET", "/health").json["routes"]

    assert prices == {"/verkauf": "basic is $99/month.", "/eu/sales": "basic is $1/month."}
    assert gone == 404
    assert health == ["/", "/billing", "/eu/sales", "/support", "/verkauf"]
    assert {(row["answers"], row["route"]) for row in listed} >= {
        ("agent sales", "/verkauf"),
        ("agent sales-eu", "/eu/sales"),
    }
    assert f"{served.url.removeprefix('http://')}/billing" in json.dumps(moved["action"])


def test_a_setting_is_read_from_the_environment_or_a_file_too(desk, place, configure):
    (place / "named").write_text("acme.toml\n")
    configure('[agents.sales]\ncompany = { env = "COMPANY" }\n[agents.billing]\ncompany = { file = "named" }\n')
    with desk.serve(cwd=place, variables={"COMPANY": "acme.toml"}) as served:
        caller = Caller.of(served)
        balance = functions(caller.document("/billing", "c-1"))["get_balance"]["web_hook_url"]

        assert pricing(caller, "/sales") == "basic is $1/month."
        assert "$1.00" in caller.call(balance, "get_balance", {"account_id": "B-1"}, "c-1")["response"]


@pytest.mark.parametrize(
    ("section", "reason"),
    [
        ("company = 5", "agenthost.toml:2: agents.sales.company: 5 is not text"),
        ('colour = "red"', "agenthost.toml:2: agents.sales.colour: there is no such key"),
        ('company = "nowhere.toml"', "nowhere.toml"),
        ('route = "/Sales Team"', "route '/Sales Team' is not a path"),
        ('route = "/ready"', "route '/ready' is reserved"),
        ('route = "/support"', "route '/support' is also claimed by agenthost-frontdesk 0.1.0 (sales)"),
    ],
)
def test_a_section_that_does_not_fit_an_agent_concerns_that_agent_alone(desk, place, configure, section, reason):
    """Or the one whose route it takes, which is the line's own doing."""
    configure(f"[agents.sales]\n{section}\n")
    [failed] = [row for row in states(desk, place).values() if row["state"] != "ready"]

    assert failed["agent"] == ("support" if "/support" in section else "sales")
    assert reason in failed["reason"]
    assert failed["remedy"]


def test_a_section_that_fits_nothing_is_a_warning(desk, place, configure):
    configure('[agents.slaes]\nroute = "/x"\n[agents.more]\nuse = "agenthost-frontdesk:slaes"\n')
    listed, checked = (desk.run("agenthost", command, cwd=place) for command in ("agents", "check"))

    assert (listed.returncode, checked.returncode) == (0, 1)
    assert listed.stderr == checked.stderr
    first, second = listed.stderr.splitlines()
    assert first.startswith("warning: agenthost.toml:1: agents.slaes: ")
    assert second.startswith("warning: agenthost.toml:3: agents.more: ")


# -- addresses and credentials ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "variables", "text"),
    [
        ((), {"SWML_PROXY_URL_BASE": PUBLIC}, 'public_url = "https://elsewhere.example"'),
        (("--public-url", f"{PUBLIC}/"), {"AGENTHOST_PUBLIC_URL": "https://elsewhere.example"}, ""),
    ],
)
def test_documents_are_built_from_the_public_url(desk, place, configure, options, variables, text):
    """The name in the request has no effect.

    A host that is reached by https sends the header for it in every response.
    """
    configure(f"[host]\n{text}\n")
    with desk.serve(*options, cwd=place, variables=variables) as served:
        caller = Caller.of(served)
        url = urlsplit(functions(caller.document("/sales", "c-1"))["get_pricing"]["web_hook_url"])
        transfer = urlsplit(functions(caller.document("/", "c-1"))["transfer_department"]["web_hook_url"])
        local = transfer._replace(scheme="http", netloc=f"tester:x@{urlsplit(served.url).netloc}", path="/swaig/")
        asked = caller.request(
            "POST",
            f"{local.path}?{local.query}",
            {"function": "transfer_department", "call_id": "c-1", "argument": {"parsed": [{"department": "sales"}]}},
        )
        handed_over = exchange(served.url, asked).json
        answers = [caller.ask("GET", "/sales"), caller.ask("GET", "/live"), exchange(served.url, b"\x00\r\n\r\n")]
        shown = Banner.of(served).text

    assert url.scheme == "https"
    assert url.netloc == "tester:correct%20horse%20battery%20staple@agents.example.com"
    assert url.path == "/voice/sales/swaig/"
    assert "@agents.example.com/voice/sales" in json.dumps(handed_over["action"])
    assert all(answer.header("strict-transport-security") for answer in answers)
    assert f"  callers reach it at {PUBLIC}\n" in shown
    assert "elsewhere" not in shown


@pytest.mark.parametrize(
    ("variables", "text", "credentials"),
    [
        (
            {
                "AGENTHOST_USER": "ada",
                "AGENTHOST_PASSWORD": "s3cret",
                "SWML_BASIC_AUTH_USER": "other",
                "SWML_BASIC_AUTH_PASSWORD": "other",
            },
            "",
            ("ada", "s3cret"),
        ),
        (NO_CREDENTIALS | {"HOST_PASSWORD": "s3cret"}, 'password = { env = "HOST_PASSWORD" }', ("agenthost", "s3cret")),
        (NO_CREDENTIALS, 'password = { file = "secret" }', ("agenthost", "s3cret")),
    ],
)
def test_credentials_as_configured(desk, place, configure, variables, text, credentials):
    """Only they are accepted, and no output contains them.

    The host generates none of its own.
    """
    (place / "secret").write_text("s3cret\n")
    configure(f"[host]\n{text}\n")
    with desk.serve(cwd=place, variables=variables) as served:
        assert Caller(served.url, credentials).ask("GET", "/sales").status == 200
        assert Caller(served.url, ("other", "other")).ask("GET", "/sales").status == 401

    assert "s3cret" not in served.stdout + served.stderr
    assert not (place / "state" / "password").exists()


def test_hosts_with_one_signing_key_take_each_other_s_tokens(desk):
    """SignalWire's variable sets the key."""
    urls, answers = [], []
    for _ in range(2):
        with desk.serve(variables={"SIGNALWIRE_SWAIG_SECRET": "one-secret-for-both"}) as served:
            caller = Caller.of(served)
            urls.append(urlsplit(functions(caller.document("/sales", "c-1"))["get_pricing"]["web_hook_url"]))
            first = urls[0]._replace(netloc=urls[-1].netloc).geturl()
            answers.append(caller.call(first, "get_pricing", {"product": "basic"}, "c-1")["response"])

    assert answers == ["basic is $99/month."] * 2


# -- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[host\n", ("toml:1: ",)),
        ("[host]\nport = \n", ("toml:2: ",)),
        ('[host]\nport = "3000"\n', ("host.port", "'3000'", "port = 3000")),
        ("[host]\nport = 70000\n", ("host.port", "70000")),
        ("[host]\nprot = 3000\n", ("host.prot", "port")),
        ("[hots]\nport = 3000\n", ("hots", "host")),
        ("host = 3000\n", ("host", "[host]")),
        ("[host]\nbuild_timeout = 0\n", ("host.build_timeout",)),
        ("[host]\nbuild_timeout = inf\n", ("host.build_timeout",)),
        ('[host]\npublic_url = "agents.example.com"\n', ("host.public_url", "https://")),
        ('[host]\npassword = { env = "NOT_SET" }\n', ("host.password", "NOT_SET")),
        ('[host]\npassword = { file = "not-there" }\n', ("host.password", "not-there")),
        ('[agents]\nsales = "off"\n', ("agents.sales", "[agents.sales]")),
        ('[agents.sales]\nenabled = "no"\n', ("agents.sales.enabled", "true or false")),
        ('[agents.sales]\ncompany = { env = "NOT_SET" }\n', ("agents.sales.company", "NOT_SET")),
        ('[agents.eu]\nuse = "sales"\n', ("agents.eu.use",)),
        ('[plugins]\ndisable = "noisy"\n', ("plugins.disable",)),
        ('[health]\nshape = "round"\n', ("health.shape", "routes, names")),
    ],
    ids=repr,
)
def test_a_mistake_in_the_file_ends_with_3_and_a_sentence(desk, place, configure, text, said):
    """It names the file, the line, the key, and what to write."""
    configure(text)
    done = desk.run("agenthost", "agents", cwd=place)
    [sentence] = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (3, "")
    assert re.match(r"agenthost: agenthost\.toml:[12]: ", sentence)
    assert all(part in sentence for part in said)


@pytest.mark.parametrize("command", ["agents", "check", "plugins", "routes", "run"])
def test_no_command_goes_on_with_a_mistake_in_the_file(desk, place, configure, command):
    """Nothing is opened, loaded or listed."""
    configure("[host]\nworkers = 0\n")
    done = desk.run("agenthost", command, cwd=place)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "agenthost: agenthost.toml:2: host.workers: 0 is not a whole number of 1 or more. fix: write workers = 1\n"
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.symlink_to("loop.toml"), "symbolic links"),
        (lambda path: path.write_bytes(b"[host]\nuser = '\xe9'\n"), "not UTF-8"),
        (lambda path: path.write_bytes(b"\x00\xff" * 1000), "UTF-8"),
    ],
    ids=["missing", "a directory", "a loop", "Latin-1", "no text"],
)
def test_a_file_that_cannot_be_read_ends_with_3_and_a_sentence(desk, place, make, said):
    """An option or a variable names it."""
    make(place / "loop.toml")
    for options, variables in ((("--config", "loop.toml"), {}), ((), {"AGENTHOST_CONFIG": "loop.toml"})):
        done = desk.run("agenthost", "check", *options, cwd=place, variables=variables)
        [sentence] = done.stderr.splitlines()

        assert (done.returncode, done.stdout) == (3, "")
        assert sentence.startswith("agenthost: loop.toml:")
        assert said in sentence


def test_the_file_is_the_option_s_else_the_variable_s_else_the_directory_s(desk, place, configure):
    configure('[agents.sales]\nroute = "/directory"\n')
    (place / "variable.toml").write_text('[agents.sales]\nroute = "/variable"\n')
    (place / "option.toml").write_text('[agents.sales]\nroute = "/option"\n')

    def route(*options, **variables):
        done = desk.run("agenthost", "agents", "--json", *options, cwd=place, variables=variables)
        return {row["agent"]: row["route"] for row in json.loads(done.stdout)}["sales"]

    assert route() == "/directory"
    assert route(AGENTHOST_CONFIG="variable.toml") == "/variable"
    assert route("--config", "option.toml", AGENTHOST_CONFIG="variable.toml") == "/option"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AGENTHOST_PORT", "http", "AGENTHOST_PORT=3000"),
        ("PORT", "70000", "PORT=3000"),
        ("AGENTHOST_STRICT", "perhaps", "true or false"),
        ("SWML_PROXY_URL_BASE", "agents.example.com", "https://"),
        ("SWML_PROXY_URL_BASE", "https://user:s3cret@agents.example.com", "credentials"),
        ("SWML_BASIC_AUTH_USER", "a:b", "colon"),
        ("AGENTHOST_TOOL_TIMEOUT", "-1", "seconds"),
        ("AGENTHOST_LOG_LEVEL", "loud", "debug, info, warning, error, critical"),
    ],
)
def test_a_mistake_in_a_variable_ends_with_3_and_a_sentence(desk, variable, value, said):
    done = desk.run("agenthost", "agents", variables={variable: value})
    [sentence] = done.stderr.splitlines()

    assert (done.returncode, done.stdout) == (3, "")
    assert sentence.startswith(f"agenthost: {variable}: ")
    assert said in sentence
    assert "s3cret" not in sentence


def test_a_variable_that_nobody_knows_is_a_warning(desk):
    done = desk.run("agenthost", "agents", variables={"AGENTHOST_PROT": "3000"})
    [warning] = done.stderr.splitlines()

    assert done.returncode == 0
    assert warning.startswith("warning: AGENTHOST_PROT: ")
    assert "AGENTHOST_PORT" in warning


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_the_host_keeps_has_to_be_its_own(desk, place, command):
    """A password that others can read exits with 3 and a sentence.

    So does a directory that cannot be written.
    """
    (place / "state").mkdir(mode=0o700)
    (place / "state" / "password").write_text("known to everybody\n")
    (place / "state" / "password").chmod(0o644)
    exposed = desk.run("agenthost", command, cwd=place)
    nowhere = desk.run("agenthost", command, variables={"AGENTHOST_STATE_DIR": "/dev/null/state"})

    assert (exposed.returncode, nowhere.returncode) == (3, 3)
    [sentence] = exposed.stderr.splitlines()
    assert f"chmod 600 {place / 'state' / 'password'}" in sentence
    assert "known to everybody" not in sentence
    [sentence] = nowhere.stderr.splitlines()
    assert sentence.startswith("agenthost: /dev/null/state")
