"""Configuration: ``agenthost.toml``, the environment and the command line, read into frozen values.

What each field means stands beside it and, for operators, in docs/reference/configuration.md.
"""

# No pathlib, and few classes: every command that lists something pays for them.
# ruff: noqa: PTH100, PTH109, PTH111, PTH117, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from attrs import Factory, evolve, field, fields, frozen

from agenthost._host.fields import (
    FLAG,
    HOST,
    HOSTS,
    KEYS,
    NAMES,
    NETWORKS,
    PASSWORD,
    PATH,
    PAUSE,
    ROUTE,
    SECONDS,
    STORE,
    TEXT,
    URL,
    USE,
    USER,
    Refused,
    choice,
    setting,
    shown,
    whole,
)
from agenthost._host.key_paths import key_path, refuse_unknown
from agenthost._host.secret import Secret, resolve
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attrs import Attribute, AttrsInstance

    from agenthost.sip.rules import Rule

__all__ = [
    "AgentConfig",
    "Config",
    "ConversationConfig",
    "HealthConfig",
    "HostConfig",
    "ModelsConfig",
    "PluginsConfig",
    "Secret",
    "SipConfig",
    "StateConfig",
    "TelemetryConfig",
    "TurnsConfig",
    "WorkflowConfig",
    "configured",
    "load_config",
    "variables",
]

T = TypeVar("T", bound="AttrsInstance")
P = TypeVar("P", "HostConfig", "AgentConfig")

FILE = "agenthost.toml"
DEFAULT_STORE = "sqlite:///state.db"
_PREFIX = "AGENTHOST_"
_NOT_FIELDS = ("AGENTHOST_CONFIG", "AGENTHOST_TRACE_HOOKS")
_OTHERS = 0o077
_PLACE = r" \(at (line \d+, column \d+|end of document)\)$"


def _state_dir(environ: Mapping[str, str] = os.environ) -> str:
    """Return agenthost's state directory (XDG Base Directory Specification: relative values are void)."""
    base = environ.get("XDG_STATE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.local/state"), "agenthost")


@frozen(kw_only=True)
class HostConfig:
    """``[host]``: where the host listens, what it calls itself, and how long it waits."""

    host: str = setting("127.0.0.1", HOST, "Address to listen on")
    port: int = setting(3000, whole(0, 65535), "Port to listen on; 0 takes a free one", variables=("PORT",))
    workers: int = setting(1, whole(1), "Processes that serve", unit="processes")
    public_url: str | None = setting(
        None,
        URL,
        "Where callers reach this host; documents are built from it",
        variables=("SWML_PROXY_URL_BASE",),
    )
    user: str = setting("agenthost", USER, "User name of basic auth", variables=("SWML_BASIC_AUTH_USER",))
    password: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None,
        PASSWORD,
        "Password of basic auth; without one the host makes one and keeps it in `state_dir`",
        variables=("SWML_BASIC_AUTH_PASSWORD",),
    )
    passwords: tuple[Secret, ...] = setting(
        (), KEYS, "Instead of `password`: the first stands in documents, all are accepted, so that it can be changed"
    )
    signing_keys: tuple[Secret, ...] = setting(
        (),
        KEYS,
        "Keys of the tool tokens: the first signs, all verify; without any the host makes one and keeps it"
        " in `state_dir`",
        variables=("SIGNALWIRE_SWAIG_SECRET",),
    )
    webhook_keys: tuple[Secret, ...] = setting(
        (),
        KEYS,
        "Keys of SignalWire's webhook signatures; with any, every POST must be signed by one of them",
        variables=("SIGNALWIRE_SIGNING_KEY",),
    )
    log_level: str = setting(
        "info", choice("debug", "info", "warning", "error", "critical"), "Least severe message that is logged"
    )
    log_format: str = setting(
        "auto", choice("auto", "json", "text"), "How messages are written; `auto`: for people on a terminal, else JSON"
    )
    state_dir: str = setting(
        Factory(_state_dir), PATH, "Directory of what the host keeps; relative to the configuration file"
    )
    access_log: bool = setting(False, FLAG, "Whether each request is logged, without its query")  # noqa: FBT003
    allowed_hosts: tuple[str, ...] = setting(
        (), HOSTS, "Names in `Host` that are answered, beside addresses; `*.example.com` for all below one; none: any"
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), NETWORKS, "Networks of the proxies whose `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded`, count"
    )
    failed_logins: int = setting(
        20, whole(0), "Wrong passwords of one client in a minute, after which they are answered 429; 0 for any number"
    )
    max_connections: int = setting(8192, whole(1), "Connections that a process keeps open", unit="connections")
    header_timeout: float = setting(10.0, SECONDS, "How long a request's headers may take", unit="seconds")
    body_timeout: float = setting(20.0, SECONDS, "How long a request's body may take", unit="seconds")
    write_timeout: float = setting(30.0, SECONDS, "How long a client may take none of its answer", unit="seconds")
    idle_timeout: float = setting(
        75.0,
        SECONDS,
        "How long a connection stays open between requests; longer than the balancer's",
        unit="seconds",
    )
    max_body: int = setting(1048576, whole(1), "Largest body of a request", unit="bytes")
    build_timeout: float = setting(10.0, SECONDS, "How long building one agent may take", unit="seconds")
    tool_timeout: float = setting(10.0, SECONDS, "How long one tool call may take", unit="seconds")
    document_timeout: float = setting(
        2.0, SECONDS, "How long an agent's own code may take to make its document", unit="seconds"
    )
    running: int = setting(16, whole(1), "How many calls of one agent run at once", unit="calls")
    queued: int = setting(32, whole(0), "How many calls of one agent wait for one of them to end", unit="calls")
    queue_wait: float = setting(0.5, PAUSE, "How long they wait before the agent is busy", unit="seconds")
    breaker_failures: int = setting(
        10, whole(0), "How many failures of an agent in a row open its breaker; 0 keeps it closed", unit="failures"
    )
    breaker_open: float = setting(
        10.0, SECONDS, "How long an open breaker answers by itself before one call is tried", unit="seconds"
    )
    isolation: str = setting(
        "thread", choice("thread", "process"), "Whether the code of agents runs in this process, or in one of their own"
    )
    drain_timeout: float = setting(
        30.0, SECONDS, "How long requests in flight may take once the host stops", unit="seconds"
    )
    drain_grace: float = setting(
        5.0,
        PAUSE,
        "How long requests are still taken after SIGTERM, where somebody asks `/ready` and can send them elsewhere",
        unit="seconds",
    )
    strict: bool = setting(False, FLAG, "Whether one agent or plugin that fails stops the host")  # noqa: FBT003


@frozen(kw_only=True)
class HealthConfig:
    """``[health]``: what the health endpoints say (wire.md, section 5)."""

    shape: str = setting("routes", choice("routes", "names"), "Whether `/health` lists routes or names of agents")
    public: str = setting(
        "full", choice("full", "count", "status"), "How much `/health` tells those without credentials"
    )
    port: int | None = setting(
        None, whole(0, 65535), "A further port for the health endpoints alone, answered by a thread of its own"
    )
    host: str | None = setting(None, HOST, "Address of that port; without one, the host's own")
    live_after: float = setting(
        30.0, SECONDS, "How long the event loop may stand still before `/live` on that port is 503", unit="seconds"
    )


@frozen(kw_only=True)
class TelemetryConfig:
    """``[telemetry]``: whether spans are sent, by OpenTelemetry."""

    traces: bool = setting(False, FLAG, "Whether spans are sent, to where OpenTelemetry's variables say")  # noqa: FBT003
    otlp_endpoint: str | None = setting(None, URL, "Where spans are sent to (OTLP over HTTP); switches `traces` on")


@frozen(kw_only=True)
class StateConfig:
    """``[state]``: where agents keep what they share, and how long a store elsewhere may take."""

    url: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, STORE, "The store; without one, `sqlite:///state.db`, a file in `state_dir`"
    )
    required: bool = setting(True, FLAG, "Whether the host is ready only while the store answers")  # noqa: FBT003
    connect_timeout: float = setting(
        0.25, SECONDS, "How long connecting to a store on the network may take", unit="seconds"
    )
    operation_timeout: float = setting(
        0.3, SECONDS, "How long one operation of a store on the network may take", unit="seconds"
    )

    @property
    def address(self) -> str:
        """The URL, the default one where none is configured."""
        return self.url.reveal() if self.url is not None else DEFAULT_STORE

    @property
    def scheme(self) -> str:
        """The URL's scheme, which is no secret."""
        return self.address.partition(":")[0]


@frozen(kw_only=True)
class ConversationConfig:
    """``[conversation]``: how agents are talked to in text."""

    keep: int = setting(7, whole(1, 3650), "How long a transcript is kept after its last message", unit="days")
    history: int = setting(40, whole(0, 1000), "How much of what was said before a model is told", unit="messages")
    rounds: int = setting(6, whole(1, 100), "How often a model may call tools before it has to answer", unit="rounds")
    timeout: float = setting(
        60.0, SECONDS, "How long one turn may take, tools and other agents included", unit="seconds"
    )
    redact: tuple[str, ...] | None = setting(
        None, NAMES, "The only redactors that transcripts go through; left out, all that there are"
    )
    show_tools: bool = setting(False, FLAG, "Whether answers of `/v1` tell which tools were called")  # noqa: FBT003


@frozen(kw_only=True)
class ModelsConfig:
    """``[models]``: which language model agents use, and ``[models.<name>]``, what one is set to.

    Args:
        settings: by model, its own keys, secrets in them resolved.
    """

    default: str = setting("offline", TEXT, "The model of agents that name none")
    settings: Mapping[str, Mapping[str, object]] = field(factory=dict)


@frozen(kw_only=True)
class TurnsConfig:
    """``[turns]``: what one turn of a conversation may take, with all agents that have a part in it."""

    calls: int = setting(32, whole(1), "How many calls of agents one turn may take", unit="calls")
    tokens: int = setting(200_000, whole(1), "How many tokens language models may take in one turn", unit="tokens")
    visits: int = setting(4, whole(1), "How often one agent may be called in one turn", unit="calls")
    hops: int = setting(8, whole(1, 64), "How deep agents may call each other", unit="agents")


@frozen(kw_only=True)
class WorkflowConfig:
    """``[workflows.<name>]``: several installed agents acting as one; other keys belong to its kind.

    Args:
        settings: the keys of its kind.
    """

    kind: str = setting(
        "router", choice("router", "sequential", "parallel", "vote", "escalation"), "How the agents work together"
    )
    agents: tuple[str, ...] = setting((), NAMES, "The agents that take part, by name")
    route: str | None = setting(None, TEXT, "Where it is mounted; left out, `/` and its name")
    model: str | None = setting(None, TEXT, "The language model that it asks itself, instead of the default")
    enabled: bool = setting(True, FLAG, "Whether it is built and served")  # noqa: FBT003
    settings: Mapping[str, object] = field(factory=dict)

    @property
    def own_keys(self) -> tuple[str, ...]:
        """Keys of the table that its kind does not read."""
        return tuple(configured(WorkflowConfig))


@frozen(kw_only=True)
class SipConfig:
    """``[sip]``: where the host answers for SIP addresses, and who answers whom (wire.md, section 4).

    Args:
        rules: ``[[sip.rules]]``, in order.
        default_place: file and line of ``default``.
    """

    path: str = setting("/sip", ROUTE, "Where the platform asks for the agent of a SIP address")
    mode: str = setting(
        "answer", choice("answer", "redirect"), "Whether the agent's document is the answer, or a redirect (307) to it"
    )
    default: str | None = setting(None, TEXT, "Key, name or route of the agent that answers where nothing else decides")
    automatic: bool = setting(True, FLAG, "Whether agents are reached by their key, name and route, too")  # noqa: FBT003
    rules: tuple[Rule, ...] = ()
    default_place: str = ""


@frozen(kw_only=True)
class ClassifiersConfig:
    """``[classifiers]``: what routers choose with, and ``[classifiers.<name>]``, what one classifier is set to.

    Args:
        settings: by classifier, its own keys, secrets in them resolved.
    """

    default: str = setting("lexical", TEXT, "The classifier of routers that name none")
    settings: Mapping[str, Mapping[str, object]] = field(factory=dict)


@frozen(kw_only=True)
class AgentConfig:
    """``[agents.<name>]``: one agent; keys that are not fields are the agent's own settings.

    Args:
        settings: the agent's own keys, secrets in them resolved; empty when the agent is not enabled.
    """

    enabled: bool = setting(True, FLAG, "Whether the agent is built and served")  # noqa: FBT003
    route: str | None = setting(None, TEXT, "Where the agent is mounted, instead of where it asks to be")
    use: str | None = setting(None, USE, "Another installed agent to mount under this name")
    model: str | None = setting(None, TEXT, "The language model it is talked to in text with, instead of the default")
    busy: str | None = setting(None, TEXT, "What a caller hears when the agent can take no more")
    tool_timeout: float | None = setting(None, SECONDS, "As in `[host]`, for this agent", unit="seconds")
    document_timeout: float | None = setting(None, SECONDS, "As in `[host]`, for this agent", unit="seconds")
    running: int | None = setting(None, whole(1), "As in `[host]`, for this agent", unit="calls")
    queued: int | None = setting(None, whole(0), "As in `[host]`, for this agent", unit="calls")
    queue_wait: float | None = setting(None, PAUSE, "As in `[host]`, for this agent", unit="seconds")
    breaker_failures: int | None = setting(None, whole(0), "As in `[host]`, for this agent", unit="failures")
    breaker_open: float | None = setting(None, SECONDS, "As in `[host]`, for this agent", unit="seconds")
    isolation: str | None = setting(None, choice("thread", "process"), "As in `[host]`, for this agent")
    processes: int = setting(
        1, whole(1, 64), "How many processes of its own it has, where it is isolated", unit="processes"
    )
    memory_limit: int | None = setting(
        None, whole(16777216), "What one of them may have in memory before it is replaced", unit="bytes"
    )
    environment: tuple[str, ...] = setting(
        (), NAMES, "Variables of the host's environment that they see, beside those that are no secrets"
    )
    user: str | None = setting(None, USER, "User name of this agent, instead of the host's; with a password")
    password: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, PASSWORD, "Password of this agent, instead of the host's"
    )
    passwords: tuple[Secret, ...] = setting(
        (), KEYS, "Instead of `password`: the first stands in documents, all are accepted, so that it can be changed"
    )
    settings: Mapping[str, object] = field(factory=dict)


@frozen(kw_only=True)
class PluginsConfig:
    """``[plugins]``: which plugins are loaded, and ``[plugins.<name>]``, a plugin's own settings.

    Args:
        settings: by plugin, its own keys, secrets in them resolved; without plugins that are switched off.
    """

    disable: tuple[str, ...] = setting((), NAMES, "Plugins that are not loaded")
    only: tuple[str, ...] | None = setting(None, NAMES, "The only plugins that are loaded")
    settings: Mapping[str, Mapping[str, object]] = field(factory=dict)

    def allows(self, plugin: str) -> bool:
        """Return whether a plugin is to be loaded; ``name``, or ``distribution:name`` where that is known."""
        called = {plugin, plugin.rpartition(":")[2]}
        return called.isdisjoint(self.disable) and (self.only is None or not called.isdisjoint(self.only))


@frozen(kw_only=True)
class Config:
    """Everything that is configured.

    Args:
        source: the file that was read, as it was named, or ``None``.
        warnings: sentences for stderr about what is allowed but unlikely to be meant.
        asked: what ``load_config`` was asked for: the file, and what options said.
    """

    host: HostConfig = field(factory=HostConfig)
    health: HealthConfig = field(factory=HealthConfig)
    telemetry: TelemetryConfig = field(factory=TelemetryConfig)
    state: StateConfig = field(factory=StateConfig)
    conversation: ConversationConfig = field(factory=ConversationConfig)
    models: ModelsConfig = field(factory=ModelsConfig)
    turns: TurnsConfig = field(factory=TurnsConfig)
    sip: SipConfig = field(factory=SipConfig)
    classifiers: ClassifiersConfig = field(factory=ClassifiersConfig)
    agents: Mapping[str, AgentConfig] = field(factory=dict)
    workflows: Mapping[str, WorkflowConfig] = field(factory=dict)
    plugins: PluginsConfig = field(factory=PluginsConfig)
    source: str | None = None
    warnings: tuple[str, ...] = ()
    asked: tuple[str | None, Mapping[str, object]] = field(default=(None, {}), eq=False, repr=False)


TABLES = (
    "host",
    "health",
    "telemetry",
    "state",
    "sip",
    "conversation",
    "models",
    "classifiers",
    "turns",
    "agents",
    "workflows",
    "plugins",
)


def configured(cls: type[AttrsInstance]) -> dict[str, Attribute[object]]:
    """Return by name the fields of ``cls`` that are keys of its table."""
    return {attribute.name.rstrip("_"): attribute for attribute in fields(cls) if "kind" in attribute.metadata}


def variables(attribute: Attribute[object]) -> tuple[str, ...]:
    """Return the environment variables of a field of ``[host]``, the one that wins first."""
    own = () if attribute.metadata["kind"] is KEYS else (_PREFIX + attribute.name.upper(),)
    return (*own, *attribute.metadata["variables"])


@frozen(eq=False)
class _File:
    """A configuration file that was read, and what resolving its values takes."""

    where: str
    directory: str
    environ: Mapping[str, str]
    tables: Mapping[str, object]
    exposed: str = ""
    text: str = ""

    def table(self, name: str) -> Mapping[str, object]:
        value = self.tables.get(name, {})
        if not isinstance(value, dict):
            raise ConfigurationError(f"{self.where}: {name}: {shown(value)} is not a table. Write [{name}].")
        return value

    def resolved(self, value: object, key: str) -> object:
        return resolve(value, self.where, key, self.environ, self.directory)

    def read(self, attribute: Attribute[object], value: object, table: str) -> object:
        name = attribute.name.rstrip("_")
        key = key_path(table, name)
        write = f"{name} = {_example(attribute)}"
        return _checked(attribute, self.resolved(value, key), f"{self.where}: {key}", write)

    def fill(self, cls: type[T], values: Mapping[str, object], table: str) -> T:
        known = configured(cls)
        read = {
            known[name].name: self.read(known[name], value, table) for name, value in values.items() if name in known
        }
        return cls(**read)


def load_config(
    file: str | None, environ: Mapping[str, str], overrides: Mapping[str, object] = MappingProxyType({})
) -> Config:
    """Read the configuration; the command line wins over the environment, and that over the file.

    Args:
        file: the path that ``--config`` names; otherwise ``AGENTHOST_CONFIG``, otherwise
            ``agenthost.toml`` in the current directory when there is one.
        environ: the environment.
        overrides: fields of ``[host]`` by name, as options said them; ``None`` stands for not said.

    Raises:
        ConfigurationError: something cannot be read or used; the text names the file or variable and the key,
            and never holds a secret.
    """
    name = file or environ.get("AGENTHOST_CONFIG") or (FILE if os.path.lexists(FILE) else None)
    opened = _open(name, environ) if name else _File(FILE, os.getcwd(), environ, {})
    refuse_unknown(opened.tables, TABLES, opened.where, "")
    health = opened.table("health")
    refuse_unknown(health, configured(HealthConfig), opened.where, "health")
    telemetry = opened.table("telemetry")
    refuse_unknown(telemetry, configured(TelemetryConfig), opened.where, "telemetry")
    state = opened.table("state")
    refuse_unknown(state, configured(StateConfig), opened.where, "state")
    conversation = opened.table("conversation")
    refuse_unknown(conversation, configured(ConversationConfig), opened.where, "conversation")
    turns = opened.table("turns")
    refuse_unknown(turns, configured(TurnsConfig), opened.where, "turns")
    host = _host(opened, overrides)
    return Config(
        host=host,
        health=opened.fill(HealthConfig, health, "health"),
        telemetry=opened.fill(TelemetryConfig, telemetry, "telemetry"),
        state=_for_all(opened.fill(StateConfig, state, "state"), host, opened.where),
        conversation=opened.fill(ConversationConfig, conversation, "conversation"),
        models=_models(opened),
        turns=opened.fill(TurnsConfig, turns, "turns"),
        workflows={name: _workflow(opened, name, section) for name, section in opened.table("workflows").items()},
        sip=_sip(opened),
        classifiers=_classifiers(opened),
        agents={agent: _agent(opened, agent, section) for agent, section in opened.table("agents").items()},
        plugins=_plugins(opened),
        source=name,
        warnings=(*_exposed(opened), *_unknown_variables(environ)),
        asked=(os.path.abspath(name) if name else None, dict(overrides)),
    )


def _open(name: str, environ: Mapping[str, str]) -> _File:
    try:
        with open(name, "rb") as file:
            data, mode = file.read(), os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigurationError(
            f"{name}: the file cannot be read ({reason}). "
            "Name one that the host can read with --config or AGENTHOST_CONFIG."
        ) from error
    import tomllib  # noqa: PLC0415  # 8 ms that a host without a file need not pay

    try:
        tables = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}: line {line}: this is not UTF-8 text. Save the file as UTF-8.") from error
    except RecursionError as error:
        raise ConfigurationError(f"{name}: values are nested too deeply. Write fewer levels.") from error
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        place = re.search(_PLACE, text)
        at = f"{place[1]}: " if place else ""
        raise ConfigurationError(
            f"{name}: {at}{text.removesuffix(place[0] if place else '')}. Correct the TOML there."
        ) from error
    except ValueError as error:  # int() refuses more than 4300 digits
        raise ConfigurationError(f"{name}: a number is too long. Write one that fits 64 bits.") from error
    exposed = f"{mode & 0o777:04o}" if os.name == "posix" and mode & _OTHERS else ""
    return _File(name, os.path.dirname(os.path.abspath(name)), environ, tables, exposed, data.decode("utf-8-sig"))


def _host(opened: _File, overrides: Mapping[str, object]) -> HostConfig:
    known = configured(HostConfig)
    table = opened.table("host")
    refuse_unknown(table, known, opened.where, "host")
    refuse_unknown(overrides, known, "command line", "")
    values: dict[str, object] = {"state_dir": _state_dir(opened.environ)}
    for name, attribute in known.items():
        variable = next((each for each in variables(attribute) if opened.environ.get(each)), None)
        if overrides.get(name) is not None:
            option = "--" + name.replace("_", "-")
            values[name] = _said(attribute, overrides[name], option, f"{option} ")
        elif variable is not None:
            values[name] = _said(attribute, opened.environ[variable], variable, f"{variable}=")
        elif name in table:
            values[name] = opened.read(attribute, table[name], "host")
            if name == "state_dir":
                values[name] = _located(str(values[name]), opened.directory)
    values["state_dir"] = _located(str(values["state_dir"]), "")
    if overrides.get("password") is not None:  # a program's own
        values.pop("passwords", None)
    return _with_passwords(HostConfig(**values), f"{opened.where}: host")  # type: ignore[arg-type]  # each was read by its field's kind


def _with_passwords(section: P, place: str) -> P:
    """Let ``password`` be the first of ``passwords``, whichever of them is configured."""
    if section.password is not None and section.passwords:
        raise ConfigurationError(f"{place}.passwords: password is configured too. Write all of them in passwords.")
    if section.password is not None:
        return evolve(section, passwords=(section.password,))
    return evolve(section, password=section.passwords[0]) if section.passwords else section


def _for_all(state: StateConfig, host: HostConfig, where: str) -> StateConfig:
    """Return the configuration of the store, if all workers can share it."""
    if state.scheme == "memory" and host.workers > 1:
        raise ConfigurationError(
            f"{where}: state.url: memory:// is not shared between {host.workers} workers. "
            'Write url = "sqlite:///state.db", or run one worker.'
        )
    return state


def _located(path: str, directory: str) -> str:
    """Return an absolute path, unless it begins with a home that is unknown: only who needs it has to complain."""
    path = os.path.expanduser(path)
    return path if path.startswith("~") else os.path.abspath(os.path.join(directory, path))


def _said(attribute: Attribute[object], value: object, where: str, write: str) -> object:
    """Read what a variable or an option says; their text is parsed as the field's kind asks."""
    kind = attribute.metadata["kind"]
    example = "…" if kind in (PASSWORD, KEYS) else _example(attribute).strip('[]"')
    parsed = kind.parse(value) if isinstance(value, str) else value
    return _checked(attribute, parsed, f"{where}: {key_path('host', attribute.name)}", write + example)


def _checked(attribute: Attribute[object], value: object, place: str, write: str) -> object:
    try:
        read: object = attribute.metadata["kind"].read(value)
    except Refused as refused:
        raise ConfigurationError(f"{place}: {refused}. Write {write}.") from None
    return read


def _example(attribute: Attribute[object]) -> str:
    default = attribute.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:g}" if isinstance(default, float) else str(default)
    return f'"{default}"' if isinstance(default, str) else str(attribute.metadata["kind"].example)


def _sip(opened: _File) -> SipConfig:
    table = opened.table("sip")
    if not table:
        return SipConfig()
    from agenthost._host.sip_rules import read_rules  # noqa: PLC0415  # most hosts have none
    from agenthost._host.toml_lines import toml_lines  # noqa: PLC0415  # the same

    refuse_unknown(table, (*configured(SipConfig), "rules"), opened.where, "sip")
    lines = toml_lines(opened.text)
    sip = opened.fill(SipConfig, table, "sip")
    place = f"{opened.where}:{lines.get(('sip', 'default'), 1)}" if sip.default is not None else ""
    return evolve(sip, rules=read_rules(opened, table.get("rules", []), lines), default_place=place)


def _agent(opened: _File, name: str, section: object) -> AgentConfig:
    key = key_path("agents", name)
    if not isinstance(section, dict):
        raise ConfigurationError(f"{opened.where}: {key}: {shown(section)} is not a table. Write [{key}].")
    agent = opened.fill(AgentConfig, section, key)
    if not agent.enabled:  # its secrets need not exist
        return agent
    agent = _with_passwords(agent, f"{opened.where}: {key}")
    if agent.user is not None and agent.password is None:
        raise ConfigurationError(
            f'{opened.where}: {key}.user: this user has no password. Write password = {{ env = "NAME" }} beside it.'
        )
    own = [each for each in section if each not in configured(AgentConfig)]
    return evolve(agent, settings={each: opened.resolved(section[each], key_path(key, each)) for each in own})


def _models(opened: _File) -> ModelsConfig:
    table = opened.table("models")
    settings = _own_tables(opened, "models", ModelsConfig, "a table for each model")
    return evolve(opened.fill(ModelsConfig, table, "models"), settings=settings)


def _workflow(opened: _File, name: str, section: object) -> WorkflowConfig:
    key = key_path("workflows", name)
    if not isinstance(section, dict):
        raise ConfigurationError(f"{opened.where}: {key}: {shown(section)} is not a table. Write [{key}].")
    for needed, example in (("kind", '"router"'), ("agents", '["support", "sales"]')):
        if not section.get(needed):
            raise ConfigurationError(f"{opened.where}: {key_path(key, needed)}: missing. Write {needed} = {example}.")
    workflow = opened.fill(WorkflowConfig, section, key)
    own = [each for each in section if each not in configured(WorkflowConfig)]
    return evolve(workflow, settings={each: opened.resolved(section[each], key_path(key, each)) for each in own})


def _classifiers(opened: _File) -> ClassifiersConfig:
    table = opened.table("classifiers")
    settings = _own_tables(opened, "classifiers", ClassifiersConfig, "a table for each classifier")
    return evolve(opened.fill(ClassifiersConfig, table, "classifiers"), settings=settings)


def _own_tables(opened: _File, name: str, cls: type[AttrsInstance], also: str) -> Mapping[str, Mapping[str, object]]:
    """Return what stands in a table beside the keys of ``cls``: tables, by name, with their secrets resolved."""
    known = configured(cls)
    settings: dict[str, Mapping[str, object]] = {}
    for own, section in opened.table(name).items():
        if own in known:
            continue
        key = key_path(name, own)
        if not isinstance(section, dict):
            refuse_unknown([own], [*known, also], opened.where, name)
        else:
            settings[own] = {each: opened.resolved(value, key_path(key, each)) for each, value in section.items()}
    return settings


def _plugins(opened: _File) -> PluginsConfig:
    table = opened.table("plugins")
    plugins = opened.fill(PluginsConfig, table, "plugins")
    settings: dict[str, Mapping[str, object]] = {}
    known = configured(PluginsConfig)
    for name, section in table.items():
        if name in known:
            continue
        key = key_path("plugins", name)
        if not isinstance(section, dict):
            refuse_unknown([name], [*known, "a table for each plugin"], opened.where, "plugins")
        elif plugins.allows(name):  # the secrets of others need not exist
            settings[name] = {each: opened.resolved(value, key_path(key, each)) for each, value in section.items()}
    return evolve(plugins, settings=settings)


def _exposed(opened: _File) -> list[str]:
    host = opened.table("host")
    literal = {
        f"host.{name}": any(isinstance(each, str) for each in (value if isinstance(value, list) else [value]))
        for name, value in host.items()
        if name in ("password", "passwords", "signing_keys", "webhook_keys")
    }
    store = opened.table("state").get("url")
    literal["state.url"] = isinstance(store, str) and "@" in store
    return [
        f"{opened.where}: {name}: other users of this machine can read it (mode {opened.exposed}). "
        f'Write {{ env = "NAME" }} there, or run: chmod 600 {opened.where}'
        for name, stands in literal.items()
        if stands and opened.exposed
    ]


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    known = {
        *_NOT_FIELDS,
        *(name for attribute in configured(HostConfig).values() for name in variables(attribute)),
    }
    return [
        f"{name}: agenthost knows no such variable and ignores it. Known: {', '.join(sorted(known))}."
        for name in sorted(environ)
        if name.startswith(_PREFIX) and name not in known
    ]
