"""Secrets are in no output of a host with failing agents: prints, logs, lists, responses.

The secret settings are read from the tables themselves, so that later ones are included.
"""

import base64
import hmac
import importlib
import json
import os
import pkgutil
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import attrs
import pytest
from attrs import frozen
from caller import Caller, functions
from environment import FRONTDESK, ROOT

import agenthost.builtin
from agenthost._host.config import host_table, schema as tables
from agenthost._host.config.declaration import keys_of

PLACES = {
    "HostConfig": ("host",),
    "StateConfig": ("state",),
    "KeyConfig": ("keys.ci",),
    "PeerConfig": ("peers.east",),
    "AgentConfig": ("agents.billing", "agents.failing"),
    "OpenAISettings": ("models.house",),
    "EmbeddingsSettings": ("classifiers.near",),
}
"""The tables of the file that a class is read from which has secrets: whoever adds one says here where it stands."""
URLS = {"state.url": "redis://keeper:{}@127.0.0.1:9/0"}
"""Settings whose secret stands within a URL."""
OTHERS = {
    "host": 'access_log = true\nlog_level = "debug"\ntool_timeout = 2.0\nbreaker_failures = 0',
    "state": "required = false",
    "models.house": 'kind = "openai"\nurl = "http://127.0.0.1:9/v1"\nmodel = "none"\nretries = 0\ntimeout = 2.0',
    "classifiers.near": 'kind = "embeddings"\nurl = "http://127.0.0.1:9/v1"',
    "workflows.desk": 'kind = "router"\nagents = ["sales", "steady"]\nclassifier = "near"',
    "peers.east": 'url = "http://127.0.0.1:9"\nuser = "west"\nagents = ["clerk"]',
    "keys.ci": 'agents = ["*"]\nscopes = ["call", "text", "observe"]',
    "agents.sales": 'company = { env = "AGENT_SETTING" }\nmodel = "house"',
    "agents.starting": 'isolation = "process"',
}
"""Further lines of the file, by table."""
SETTING = "s3cr3t-setting.toml"
NO_VARIABLES = {"SWML_BASIC_AUTH_USER": "", "SWML_BASIC_AUTH_PASSWORD": ""}
PATHS = (
    "/",
    "/sales",
    "/billing",
    "/failing",
    "/desk",
    "/health",
    "/ready",
    "/live",
    "/startup",
    "/metrics",
    "/health/sales",
    "/-/metrics.json",
    "/-/sip/unmatched",
    "/nowhere",
    "/sip",
)
COMPANY = FRONTDESK / "agenthost_frontdesk" / "company.toml"
COMMANDS = (
    ["agents", "--load", "--json"],
    ["plugins", "--load"],
    ["routes", "--load"],
    ["keys"],
    ["check"],
    ["check", "--json"],
    ["doctor", "--json"],
    ["sip", "list"],
    ["export", "systemd"],
    ["export", "kubernetes"],
    ["export", "sbom"],
    ["tool", "failing", "raises"],
    ["ask", "desk", "What does it cost?"],
)


def secret_settings():
    """Return every secret setting, as table and key.

    The value is True for a list of secrets.
    """
    names = [each.name for each in pkgutil.walk_packages(agenthost.builtin.__path__, "agenthost.builtin.")]
    own = [host_table.__name__, tables.__name__]
    known = [value for name in (*own, *names) for value in vars(importlib.import_module(name)).values()]
    found = {}
    for cls in {each for each in known if isinstance(each, type) and each.__module__ in (*own, *names)}:
        for name, field in attrs.fields_dict(cls).items() if attrs.has(cls) else ():
            is_key = cls.__module__ not in own or name in keys_of(cls)
            if is_key and "Secret" in str(field.type):
                found |= {(place, name): "tuple" in str(field.type) for place in PLACES[cls.__name__]}
    return dict(sorted(found.items()))


SETTINGS = secret_settings()


@frozen
class Place:
    """A directory whose agenthost.toml has every secret setting, with two of a list.

    Args:
        directory: the directory.
        secrets: what is secret, by table, key and number.
        variables: where the secrets stand that are not in files.
    """

    directory: Path
    secrets: dict[str, str]
    variables: dict[str, str]

    @classmethod
    def made(cls, desk, but):
        """Return a place without the settings of a name.

        They are a list of passwords, or the one that it replaces.
        """
        directory, secrets, lines = desk.workplace(), {}, {table: [words] for table, words in OTHERS.items()}
        variables = {"AGENT_SETTING": SETTING}
        for number, ((table, key), several) in enumerate(SETTINGS.items()):
            if key == but:
                continue
            given = []
            for index in range(1 + several):
                name = f"{table}.{key}.{index}"
                secrets[name] = f"s3cr3t-{name.replace('.', '-')}"
                text = URLS.get(f"{table}.{key}", "{}").format(secrets[name])
                if index:
                    (directory / f"secret-{number}").write_text(text + "\n")
                    (directory / f"secret-{number}").chmod(0o600)
                    given.append(f'{{ file = "secret-{number}" }}')
                else:
                    variables[f"SECRET_{number}"] = text
                    given.append(f'{{ env = "SECRET_{number}" }}')
            value = f"[{', '.join(given)}]" if several else given[0]
            lines.setdefault(table, []).append(f"{key} = {value}")
        text = "\n".join(f"[{table}]\n" + "\n".join(words) + "\n" for table, words in lines.items())
        (directory / "agenthost.toml").write_text(text)
        shutil.copy(COMPANY, directory / SETTING)
        return cls(directory, secrets | {"agents.sales.company": SETTING}, variables)

    def secret(self, *names):
        """The first of those that there are: a password, however it is configured."""
        return next(self.secrets[name] for name in names if name in self.secrets)

    def password(self, table="host"):
        return self.secret(f"{table}.password.0", f"{table}.passwords.0")

    def within(self, text):
        """Return the names of the secrets in a text.

        They may be plain or in an Authorization header.
        """
        forms = {name: (word, *(encoded(f"{user}:{word}") for user in USERS)) for name, word in self.secrets.items()}
        return {name for name, words in forms.items() if any(word in text for word in words)}


USERS = ("agenthost", "keeper")


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Signing(Caller):
    """A client that signs what it posts.

    It has no fields of its own: the key is what ``key`` of the class says.
    """

    key = ""

    def request(self, method, path, body=None, *headers):
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        signature = hmac.digest(self.key.encode(), (self.url + path).encode() + data, "sha256").hex()
        return super().request(method, path, body, *headers, f"X-SignalWire-Sha256-Signature: {signature}")

    def tool(self, url, function, arguments):
        parts = urlsplit(url)
        given = {"parsed": [arguments], "raw": json.dumps(arguments)}
        body = {"function": function, "call_id": "call-1", "argument": given}
        return type(self).at(url).ask("POST", f"{parts.path}?{parts.query}", body)


@pytest.fixture(scope="module")
def packages(desk):
    """The environment with packages that fail.

    It also has plugins whose stores and models do not exist.
    """
    redis = ROOT / "plugins" / "agenthost-redis"
    with (
        desk.having("import-error", "constructor-raises", "plugin-raises", "failing-tools", redis),
        desk.having_too("redis", "openai"),
    ):
        yield desk


@pytest.fixture(scope="module")
def place(packages):
    return Place.made(packages, but="password")


def test_every_setting_that_is_a_secret_is_configured_here():
    """The list has at least the secrets that existed when this was written."""
    assert SETTINGS.keys() >= {
        ("host", "password"),
        ("host", "passwords"),
        ("host", "signing_keys"),
        ("host", "webhook_keys"),
        ("state", "url"),
        ("keys.ci", "secret"),
        ("agents.billing", "password"),
        ("agents.billing", "passwords"),
        ("models.house", "api_key"),
        ("classifiers.near", "api_key"),
    }


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_commands_print(packages, place, command):
    done = packages.run("agenthost", *command, cwd=place.directory, variables=NO_VARIABLES | place.variables)
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1), said
    assert said
    written = [path for path in place.directory.rglob("*") if path.suffix in (".service", ".yaml")]
    assert place.within(said + "".join(path.read_text() for path in written)) == set()


@pytest.mark.parametrize("wrong", ["state.operation_timeout", "host.webhook_keys", "state.url"])
def test_what_is_said_of_a_secret_that_cannot_be_used(desk, wrong):
    """It is neither a number nor a list, and no plugin opens its store."""
    table, _, key = wrong.rpartition(".")
    place = desk.workplace()
    (place / "agenthost.toml").write_text(f'[{table}]\n{key} = {{ env = "STORE" }}\n')
    word = "s3cr3t-store-word"
    for command in (["check"], ["check", "--json"], ["agents", "--load", "--json"]):
        done = desk.run("agenthost", *command, cwd=place, variables={"STORE": f"redis://keeper:{word}@127.0.0.1:9/0"})
        assert done.stdout + done.stderr
        assert word not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("workers", "but", "form"), [("1", "password", "text"), ("2", "passwords", "json")], ids=["1 worker", "2 workers"]
)
def test_what_a_host_says(packages, workers, but, form):
    """Only documents contain a password, the first one of their agent.

    Of processes, only their names are visible.
    """
    place = Place.made(packages, but)
    variables = NO_VARIABLES | place.variables | {"AGENTHOST_LOG_FORMAT": form}
    with packages.serve("--workers", workers, cwd=place.directory, variables=variables) as served:

        class Signed(Signing):
            key = place.secret("host.webhook_keys.1")

        caller = Signed(served.url, ("agenthost", place.password()))
        answers = [
            (path, caller.ask(method, path, {} if method == "POST" else None))
            for path in PATHS
            for method in ("GET", "POST", "DELETE")
        ]
        for path, answer in answers:
            found = place.within(answer.raw.decode())
            assert "version" in answer.body.decode() or not found, path
            assert {name.rpartition(".")[0] for name in found} <= {"host.password", "host.passwords"}, path
            assert not any(name.endswith(".1") for name in found), path
        said = []
        for agent in ("sales", "starting", "fickle"):
            for name, function in functions(caller.document(f"/{agent}", "call-1")).items():
                for raises in ("exit", *place.secrets.values()) if name in ("act", "leaves_a_callback") else ("",):
                    given = {"way": raises if name == "act" else "soon", "raises": raises}
                    said.append(caller.tool(function["web_hook_url"], name, given))
        own = Signed(served.url, ("agenthost", place.password("agents.failing")))
        for name, function in functions(own.document("/failing", "call-1")).items():
            if "hang" not in name:
                said.append(own.tool(function["web_hook_url"], name, {}))
        assert {answer.status for answer in said} == {200}
        for model in ("sales", "desk"):
            chat = {"model": model, "messages": [{"role": "user", "content": "Hello."}]}
            said.append(caller.ask("POST", "/v1/chat/completions", chat))
        for number, word in enumerate(place.secrets.values()):  # what a mistaken client sends
            stranger = Caller(served.url, ("agenthost", word))
            stranger.ask("GET", f"/starting?__token={word}", None, f"X-SignalWire-Signature: {word}")
            stranger.ask("POST", f"/nowhere{number}?key={word}", {"password": word})
        assert place.within("".join(answer.raw.decode() for answer in said)) == set()
        billing = Signed(served.url, ("agenthost", place.password("agents.billing"))).ask("GET", "/billing")
        assert place.within(billing.body.decode()) <= {"agents.billing.password.0", "agents.billing.passwords.0"}
        shown = "".join(of_process(number) for number in family(served.process.pid))
    served.once_logged("told to ***")
    served.once_logged("no attribute '***'")
    served.once_logged("GET /starting 401")
    served.once_logged("tried to end the process")
    assert "agenthost agent starting" in shown
    assert place.within(served.stdout + served.stderr + shown) == set()


def family(number):
    """A process, and all that descend from it."""
    parents = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - not files as others are
        if entry.isdigit():
            try:
                parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [number]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def of_process(number):
    """Return the visible data of a process.

    For an agent's own process, that is all data that the agent itself sees. One that has ended shows nothing.
    """
    try:
        shown = Path(f"/proc/{number}/cmdline").read_text()
        return shown + (Path(f"/proc/{number}/environ").read_text() if "agenthost agent" in shown else "")
    except OSError:
        return ""
