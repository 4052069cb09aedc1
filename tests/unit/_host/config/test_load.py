"""agenthost.toml, the environment and options, read into frozen values."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys

import attrs
import pytest

from agenthost._host.config.load import load_config
from agenthost._host.config.schema import Config, HostConfig, PluginsConfig
from agenthost.errors import ConfigurationError
from agenthost.secret import Secret


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Every test runs in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def load(here):
    """Load a configuration file with this text."""

    def load(text, environ=None, overrides=None):
        (here / "agenthost.toml").write_text(text, encoding="utf-8")
        return load_config(None, environ or {}, overrides or {})

    return load


@pytest.fixture
def refused(load):
    """Load a configuration file that is refused, and return the error's text."""

    def refused(text, environ=None, overrides=None):
        with pytest.raises(ConfigurationError) as caught:
            load(text, environ, overrides)
        return str(caught.value)

    return refused


def test_nothing_is_configured():
    """Without a file, variables and options everything has its default."""
    loaded = load_config(None, {})

    assert loaded == Config(host=HostConfig(state_dir=loaded.host.state_dir))
    assert loaded.host.state_dir.endswith(os.path.join(".local", "state", "agenthost"))  # noqa: PTH118


def test_every_table(load, here):
    """The values are those of the file, with hidden secrets."""
    (here / "old.key").write_text("old key\n", encoding="utf-8")
    loaded = load(
        """
        [host]
        host = "0.0.0.0"
        port = 0
        workers = 4
        public_url = "HTTPS://Agents.Example.com:8443/voice/"
        user = "sw"
        password = { env = "PW" }
        signing_keys = [{ env = "KEY" }, { file = "old.key" }]
        log_level = "debug"
        state_dir = "state"
        max_body = 2048
        build_timeout = 2.5
        tool_timeout = 3
        document_timeout = 1
        drain_timeout = 60
        strict = true
        [health]
        shape = "names"
        public = "status"
        [agents.dental]
        route = "/dental"
        rooms = 3
        file = "rooms.csv"
        api = { key = { env = "PW" }, url = "https://x" }
        [agents."acme-support:support"]
        enabled = false
        token = { env = "NOT_SET" }
        [agents.support-eu]
        use = "acme-support:support"
        [plugins]
        disable = ["noisy"]
        only = ["noisy", "hours"]
        [plugins.hours]
        zone = "Europe/Berlin"
        [plugins.noisy]
        token = { env = "NOT_SET" }
        [plugins.other]
        token = { env = "NOT_SET" }
        """,
        {"PW": "hunter2", "KEY": "new key"},
    )

    assert loaded.host == HostConfig(
        host="0.0.0.0",  # noqa: S104
        port=0,
        workers=4,
        public_url="https://agents.example.com:8443/voice",
        user="sw",
        password=Secret("hunter2"),
        signing_keys=(Secret("new key"), Secret("old key")),
        log_level="debug",
        state_dir=str(here / "state"),
        max_body=2048,
        build_timeout=2.5,
        tool_timeout=3.0,
        document_timeout=1.0,
        drain_timeout=60.0,
        strict=True,
    )
    assert (loaded.health.shape, loaded.health.public) == ("names", "status")
    dental = loaded.agents["dental"]
    assert (dental.enabled, dental.route, dental.use) == (True, "/dental", None)
    assert dental.settings == {
        "rooms": 3,
        "file": "rooms.csv",
        "api": {"key": Secret("hunter2"), "url": "https://x"},
    }
    assert loaded.agents["support-eu"].use == "acme-support:support"
    assert not loaded.agents["acme-support:support"].enabled
    assert loaded.agents["acme-support:support"].settings == {}
    assert loaded.plugins == PluginsConfig(
        disable=("noisy",), only=("noisy", "hours"), settings={"hours": {"zone": "Europe/Berlin"}}
    )
    assert [loaded.plugins.allows(name) for name in ("hours", "noisy", "other")] == [True, False, False]
    assert (loaded.source, loaded.warnings) == ("agenthost.toml", ())
    assert "hunter2" not in repr(loaded)
    assert "key'" not in repr(loaded.host)


@pytest.mark.parametrize(
    ("text", "default", "enabled"),
    [
        ("", None, False),
        ("", True, True),
        ("[console]", True, True),
        ("[console]\nenabled = false", True, False),
        ("[console]\nenabled = true", None, True),
    ],
)
def test_the_console_is_enabled_by_the_file_or_else_the_command(load, text, default, enabled):
    assert load(text, overrides={"console": default}).console.enabled == enabled


def test_values_are_frozen_and_reach_worker_processes():
    """A configuration cannot be changed, and can be passed to a spawned process."""
    config = Config(host=HostConfig(password=Secret("a")))

    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        config.host.port = 1
    assert config == pickle.loads(pickle.dumps(config))  # noqa: S301


def test_a_secret_does_not_show():
    """Only reveal() returns the text."""
    secret = Secret("hunter2")

    assert [f"{secret}", repr(secret), f"{[secret]}"] == ["***", "Secret(***)", "[Secret(***)]"]
    assert secret.reveal() == "hunter2"


def test_which_file(load, here):
    """The command line names the file, else AGENTHOST_CONFIG, else agenthost.toml."""
    for port, name in ((1, "agenthost.toml"), (2, "env.toml"), (3, "option.toml")):
        (here / name).write_text(f"host.port = {port}", encoding="utf-8")

    assert load_config("option.toml", {"AGENTHOST_CONFIG": "env.toml"}).host.port == 3
    assert load_config(None, {"AGENTHOST_CONFIG": "env.toml"}).host.port == 2
    assert load_config(None, {"AGENTHOST_CONFIG": ""}).host.port == 1


def test_paths_are_relative_to_the_file(here):
    """A file in another directory finds its secrets and its state there.

    Paths in variables are relative to the current directory.
    """
    (here / "etc").mkdir()
    (here / "etc" / "pw").write_text("from file\r\n", encoding="utf-8")
    file = here / "etc" / "host.toml"
    file.write_text('[host]\npassword = { file = "pw" }\nstate_dir = "state"', encoding="utf-8")

    loaded = load_config(str(file), {})

    assert loaded.host.password == Secret("from file")
    assert loaded.host.state_dir == str(here / "etc" / "state")
    assert load_config(str(file), {"AGENTHOST_STATE_DIR": "state"}).host.state_dir == str(here / "state")
    assert load_config(None, {"XDG_STATE_HOME": "/x"}).host.state_dir == "/x/agenthost"
    assert load_config(None, {"XDG_STATE_HOME": "x"}).host.state_dir != str(here / "x" / "agenthost")


def test_precedence(load):
    """Options win over AGENTHOST_ variables, those over SignalWire's, those over the file.

    An empty variable is unset.
    """
    text = 'host.port = 1\nhost.user = "file"\nhost.password = { env = "NOT_SET" }'
    environ = {"PORT": "2", "AGENTHOST_PORT": "3", "SWML_BASIC_AUTH_PASSWORD": "b"}

    assert load(text, environ, {"port": 4}).host.port == 4
    assert load(text, environ, {"port": None}).host.port == 3
    assert load(text, {**environ, "AGENTHOST_PORT": ""}).host.port == 2
    assert load(text, {**environ, "AGENTHOST_PORT": "", "PORT": ""}).host.port == 1
    assert load(text, environ).host.user == "file"


def test_variables():
    """Text of variables is parsed as the fields ask."""
    loaded = load_config(
        None,
        {
            "SWML_BASIC_AUTH_USER": "u",
            "SWML_BASIC_AUTH_PASSWORD": "p:w",
            "SWML_PROXY_URL_BASE": "https://x.example/",
            "SIGNALWIRE_SWAIG_SECRET": "k",
            "AGENTHOST_TOOL_TIMEOUT": "2.5",
            "AGENTHOST_STRICT": "Yes",
            "AGENTHOST_LOG_LEVEL": "WARNING",
        },
    ).host

    assert (loaded.user, loaded.password, loaded.signing_keys) == ("u", Secret("p:w"), (Secret("k"),))
    assert (loaded.public_url, loaded.tool_timeout) == ("https://x.example", 2.5)
    assert (loaded.strict, loaded.log_level) == (True, "warning")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('host.port = "abc"', "host.port: 'abc' is not a whole number from 0 to 65535. fix: write port = 3000"),
        ("host.port = 65536", "host.port: 65536 is not a whole number from 0 to 65535. fix: write port = 3000"),
        ("host.port = true", "host.port: true is not a whole number from 0 to 65535. fix: write port = 3000"),
        ("host.workers = 0", "host.workers: 0 is not a whole number of 1 or more. fix: write workers = 1"),
        ("host.strict = 1", "host.strict: 1 is not true or false. fix: write strict = false"),
        (
            'host.user = "a:b"',
            (
                "host.user: 'a:b' contains a colon, which ends the user name in basic auth "
                '(RFC 7617, section 2). fix: write user = "agenthost"'
            ),
        ),
        ('host.user = ""', 'host.user: it is empty. fix: write user = "agenthost"'),
        (
            'host.host = "http://x"',
            (
                "host.host: 'http://x' is not a host name or an IP address without port and "
                'brackets. fix: write host = "127.0.0.1"'
            ),
        ),
        (
            "host.tool_timeout = nan",
            ("host.tool_timeout: nan is not a number of seconds above 0, up to 86400. fix: write tool_timeout = 10"),
        ),
        (
            "host.tool_timeout = 0",
            ("host.tool_timeout: 0 is not a number of seconds above 0, up to 86400. fix: write tool_timeout = 10"),
        ),
        (
            'host.log_level = "loud"',
            (
                "host.log_level: 'loud' is not one of debug, info, warning, error, critical. "
                'fix: write log_level = "info"'
            ),
        ),
        ("host.password = 12345", 'host.password: it is not text. fix: write password = { env = "NAME" }'),
        (
            'host.password = "a\\nb"',
            (
                "host.password: it contains a control character, or is not UTF-8 text. "
                'fix: write password = { env = "NAME" }'
            ),
        ),
        (
            "host.signing_keys = []",
            ('host.signing_keys: it contains no key. fix: write signing_keys = [{ env = "KEY" }]'),
        ),
        ("host.prot = 1", "host.prot: there is no such key. Did you mean port? Known here: host, port, "),
        ("host = 3", "host: 3 is not a table. fix: write [host]"),
        (
            "hots = {}",
            "hots: there is no such key. Did you mean host? Known here: host, health, telemetry, state, ",
        ),
        ('health.shape = "round"', "health.shape: 'round' is not one of routes, names. fix: write shape = \"routes\""),
        ("health.zone = 1", "health.zone: there is no such key. Known here: shape, public, port, host, live_after."),
        ("agents.dental = 1979-05-27", "agents.dental: a date or a time is not a table. fix: write [agents.dental]"),
        ('agents."a:b".enabled = "no"', "agents.\"a:b\".enabled: 'no' is not true or false. fix: write enabled = true"),
        (
            'agents.a.use = "b"',
            (
                "agents.a.use: 'b' is not the name of a distribution and of its agent, separated by a colon. "
                'fix: write use = "agenthost-support:support"'
            ),
        ),
        ('plugins.disable = "a"', "plugins.disable: 'a' is not a list of names. fix: write disable = [\"name\"]"),
        ("plugins.onyl = []", "plugins.onyl: there is no such key. Did you mean only? Known here: disable, only, "),
        (
            'agents.a.k = [1, { env = "NOPE" }]',
            ("agents.a.k[1]: the variable NOPE is not set, or empty. fix: set NOPE in the host's environment"),
        ),
        ("agents.a.k = { env = 1 }", 'agents.a.k: env takes the name of a variable. fix: write { env = "NAME" }'),
        ("agents.a.k = { file = 1 }", 'agents.a.k: file takes a path. fix: write { file = "path/of/the/secret" }'),
        ("x = [", "end of document: Invalid value. fix: correct the TOML there"),
        (f"x = {'[' * 9999}", "values are nested too deeply. fix: write fewer levels"),
        (f"x = {'9' * 9999}", "a number is too long. fix: write one that fits 64 bits"),
    ],
)
def test_refused(refused, text, expected):
    """Every error has the file and line, the key path, the reason and a fix."""
    assert refused(text).startswith(f"agenthost.toml:1: {expected}")


@pytest.mark.parametrize(
    ("text", "place", "key"),
    [
        ("[host]\nport = 1\nuser =\n", "3: ", "column 7: Invalid value"),
        ("\n\nx = [\n", "3: ", "end of document: Invalid value"),
        (f"\nx = {'[' * 9999}", "2: ", "values are nested too deeply"),
        (f"\nx = {'9' * 9999}", "2: ", "a number is too long"),
        ('[host]\n\nport = "a"', "3: ", "host.port: 'a' is not a whole number"),
        ("[host]\nprot = 1", "2: ", "host.prot: there is no such key"),
        ("[health]\nshape = 'routes'\n\npublic = 7", "4: ", "health.public: 7 is not"),
        ("agents = 3", "1: ", "agents: 3 is not a table"),
        ("[agents.a]\n[agents.b]\nroute = '/b'\nqueued = -1", "4: ", "agents.b.queued: -1 is not"),
        ("[agents.a]\nnested = { deep = [\n1,\n{ env = 'NOPE' }] }", "2: ", "agents.a.nested.deep[1]: the variable"),
        ("[agents.a]\n\nuser = 'x'", "3: ", "agents.a.user: this user has no password"),
        ("[agents.a]\n\npaths = ['/x']", "3: ", "agents.a.paths: the agent is not isolated. fix: write isolation ="),
        ("[agents.a]\nrun_as = 'x'", "2: ", "agents.a.run_as: the agent is not isolated."),
        (
            "[agents.a]\nisolation = 'process'\nprocess_limit = 9",
            "3: ",
            "agents.a.process_limit: the system counts processes for each user",
        ),
        ("[host]\npassword = 'a'\npasswords = ['b']", "3: ", "host.passwords: password is configured too"),
        ("[host]\nworkers = 2\n[state]\nurl = 'memory://'", "4: ", "state.url: memory:// is not shared"),
        ("\n[workflows.a]\nagents = ['b']", "2: ", 'workflows.a.kind: it is missing. fix: write kind = "router"'),
        ("\n[workflows.a]\nkind = 'vote'\nagents = []", "4: ", "workflows.a.agents: the list is empty."),
        ("[host]\nannounce = 'east/1'", "2: ", "host.announce: it is not up to 64 letters"),
        ("[host]\nannounce = 'east'", "2: ", "host.announce: no URL is configured. fix: write announce_url ="),
        (
            "[host]\nannounce = 'east'\npublic_url = 'https://e.example.com'",
            "2: ",
            "host.announce: hosts find each other in the store that they share, and none is configured.",
        ),
        (
            "\n[peers.east]\nuser = 'w'\nsecret = 's'\nagents = ['a']",
            "2: ",
            "peers.east.url: hosts find each other in the store that they share, and none is configured.",
        ),
        ("[models]\n\ngone = 1", "3: ", "models.gone: there is no such key"),
        ("[plugins.a]\n\nkey = { file = 'gone' }", "3: ", "plugins.a.key: cannot read"),
        ("[turns]\ncalls = 1\n'tok ens' = 2", "3: ", 'turns."tok ens": there is no such key'),
    ],
)
def test_every_mistake_names_its_line(refused, text, place, key):
    assert refused(text).startswith(f"agenthost.toml:{place}{key}")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://user:hunter2@x.example", "it contains credentials, which belong in user and password"),
        ("https://x.example/?a=b", "has a query or a fragment"),
        ("https://x.example/#a", "has a query or a fragment"),
        ("x.example", "is not http:// or https:// with a host"),
        ("ftp://x.example", "is not http:// or https:// with a host"),
        ("https://", "is not http:// or https:// with a host"),
        ("https://x.example:0", "has a port outside 1 to 65535"),
        ("https://x.example/a/../b", "has a path with dot segments"),
        ("https://x.example/a%2fb", "is not http:// or https:// with a host"),
    ],
)
def test_public_url(refused, url, reason):
    """Only a URL that fits into documents is accepted, and credentials are not repeated."""
    text = refused(f'host.public_url = "{url}"')

    assert reason in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"PORT": "abc"}, "PORT: host.port: 'abc' is not a whole number from 0 to 65535. fix: write PORT=3000"),
        (
            {"AGENTHOST_STRICT": "maybe"},
            ("AGENTHOST_STRICT: host.strict: 'maybe' is not true or false. fix: write AGENTHOST_STRICT=false"),
        ),
        (
            {"AGENTHOST_PASSWORD": "a\udcff"},
            (
                "AGENTHOST_PASSWORD: host.password: it contains a control character, or is "
                "not UTF-8 text. fix: write AGENTHOST_PASSWORD=…"
            ),
        ),
    ],
)
def test_refused_variables(environ, expected):
    """A variable is named where a file would be."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(None, environ)

    assert str(caught.value) == expected


def test_a_reference_to_a_variable_that_is_no_text(refused):
    """Bytes that are not UTF-8 reach no agent."""
    assert refused('agents.a.k = { env = "K" }', {"K": "a\udcff"}) == (
        "agenthost.toml:1: agents.a.k: the variable K is not UTF-8 text. fix: set it to UTF-8 text"
    )


def test_refused_option():
    """An option is named where a file would be."""
    with pytest.raises(ConfigurationError) as caught:
        load_config(None, {}, {"public_url": "x"})

    assert str(caught.value).startswith("--public-url: host.public_url: 'x' is not http:// or https://")
    assert str(caught.value).endswith("fix: write --public-url https://agents.example.com")


def test_unreadable_files(here):
    """A named file has to be there, to be text, and to be readable."""
    (here / "latin.toml").write_bytes(b"[host]\nuser = '\xe4'")
    (here / "bom.toml").write_bytes(b"\xef\xbb\xbfhost.port = 1")

    with pytest.raises(ConfigurationError, match=r"no\.toml: the file cannot be read \(No such file or directory\)"):
        load_config("no.toml", {})
    with pytest.raises(ConfigurationError, match=r"the file cannot be read \(Is a directory\)"):
        load_config(str(here), {})
    with pytest.raises(ConfigurationError, match=r"latin\.toml:2: this is not UTF-8 text\."):
        load_config("latin.toml", {})
    assert load_config("bom.toml", {}).host.port == 1


def test_a_dangling_default_is_not_ignored(here):
    """A link to a missing file is an error, not the absence of configuration."""
    (here / "agenthost.toml").symlink_to("gone")

    with pytest.raises(ConfigurationError, match="the file cannot be read"):
        load_config(None, {})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "(No such file or directory). fix: put the secret there"),
        (b"", "is empty. fix: put the secret there"),
        (b"\r\n", "is empty. fix: put the secret there"),
        (b"\xff", "is not UTF-8 text. fix: save it as UTF-8"),
    ],
)
def test_secret_files(refused, here, content, expected):
    """A secret's file has to be there and to hold text."""
    if content is not None:
        (here / "pw").write_bytes(content)

    text = refused('host.password = { file = "pw" }')

    assert text.startswith("agenthost.toml:1: host.password: ")
    assert expected in text


def test_a_secret_keeps_all_but_one_newline(load, here):
    """Only the newline that editors add is dropped."""
    (here / "pw").write_bytes(b" a\n\n")

    assert load('agents.a.k = { file = "pw" }').agents["a"].settings == {"k": Secret(" a\n")}


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("line", ['password = "lit"', 'signing_keys = ["lit"]', 'signing_keys = "lit"'])
def test_literal_secrets_that_others_can_read(load, here, line):
    """A secret in a file that others can read is accepted, with a warning."""
    load("")
    (here / "agenthost.toml").chmod(0o600)
    assert load(f"[host]\n{line}").warnings == ()

    (here / "agenthost.toml").chmod(0o644)
    (warning,) = load(f"[host]\n{line}").warnings

    assert warning.startswith(f"agenthost.toml:2: host.{line.split()[0]}: other users of this machine can read it")
    assert "(mode 0644)" in warning
    assert warning.endswith("chmod 600 agenthost.toml")


def test_unknown_variables():
    """A variable that begins with AGENTHOST_ and means nothing is reported, not refused."""
    environ = {"AGENTHOST_PROT": "1", "AGENTHOST_CONFIG": "", "AGENTHOST_TRACE_HOOKS": "1", "AGENTHOST_PORT": "1"}

    (warning,) = load_config(None, environ).warnings

    assert warning.startswith("AGENTHOST_PROT: agenthost has no such variable and ignores it. Known: AGENTHOST_")


@pytest.mark.slow
def test_a_variable_that_the_file_names_is_known(load):
    assert load('[host]\npassword = { env = "AGENTHOST_MY_PASSWORD" }', {"AGENTHOST_MY_PASSWORD": "x"}).warnings == ()


@pytest.mark.slow
def test_importing_it_is_cheap():
    """Commands that list something pay for attrs and no more."""
    program = "import sys; import agenthost._host.config.load; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)  # noqa: S603
    assert not {"tomllib", "difflib", "logging", "json", "urllib.parse"} & set(loaded.stdout.split())


_RULE = '[sip]\n\n[[sip.rules]]\nagent = "a"\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_RULE + "hours = 9", '5: sip.rules.hours: 9 is not text. fix: write hours = "Mon-Fri 09:00-17:00"'),
        (
            _RULE + 'hours = "09:00-17:00"',
            '5: sip.rules.hours: hours without a time zone are ambiguous. fix: write timezone = "',
        ),
        (_RULE + 'else = "b"', "5: sip.rules.else: it has no effect without hours."),
        (_RULE + 'timezone = "Moon"\nhours = "09:00-17:00"', "5: sip.rules.timezone: 'Moon' is not a time zone"),
        (_RULE + 'timezone = "UTC"\nhours = "nine to five"', "6: sip.rules.hours: 'nine to five' is not hours"),
        (_RULE + 'called = ["+49", "home"]', "5: sip.rules.called: 'home' is not a telephone number"),
        (_RULE + 'user = "@"', "5: sip.rules.user: '@' is not the user part of an address."),
        (_RULE + "usr = 1", "5: sip.rules.usr: there is no such key. Did you mean user?"),
        (_RULE + "user = []", "5: sip.rules.user: the list is empty."),
        ("[sip]\n[[sip.rules]]\nuser = 'a'", "2: sip.rules: the rule does not name an agent."),
        ("[sip]\nrules = 5", "2: sip.rules: 5 is not a list of tables. fix: write [[sip.rules]] for each"),
    ],
)
def test_a_rule_is_refused_with_its_line(refused, text, expected):
    assert refused(text).startswith(f"agenthost.toml:{expected}")


def test_paths_of_an_agent_are_relative_to_the_file(load, here):
    """A suffix stays, and the host's isolation counts."""
    config = load("[host]\nisolation = 'process'\n[agents.a]\npaths = ['data', '/models:ro', '~/own']")

    assert config.agents["a"].paths == (f"{here}/data", "/models:ro", os.path.expanduser("~/own"))  # noqa: PTH111


def test_a_command_has_a_default_store_and_serves_sources(tmp_path, monkeypatch):
    """A store of the configuration wins."""
    monkeypatch.chdir(tmp_path)
    overrides = {"default_store": "memory://", "sourced": True}
    plain = load_config(None, {}, overrides)
    (tmp_path / "agenthost.toml").write_text('[state]\nurl = "sqlite:///own.db"\n')

    assert (plain.state.scheme, plain.sourced) == ("memory", True)
    assert load_config(None, {}, overrides).state.scheme == "sqlite"
    assert load_config(None, {}).sourced is False


def test_secrets_of_agents_elsewhere(load):
    """They need not exist, as one file may serve several hosts."""
    text = (
        '[host]\nagents = ["sales"]\n[agents.shop]\nroute = "/s"\npassword = { env = "SHOP" }\ntoken = { env = "T" }\n'
    )
    section = load(text).agents["shop"]

    assert (section.route, section.password, section.settings) == ("/s", None, {})
