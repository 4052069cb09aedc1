"""Tables of ``agenthost.toml`` as frozen values: each key declared once.

docs/reference/configuration.md has the same for operators; ``agenthost._host.config.load`` reads the file.
"""

# No pathlib, few classes, and nothing generated that nobody asks for: every command that lists something pays for it.
# ruff: noqa: PTH111, PTH117, PTH118

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from attrs import Factory, field, frozen

from agenthost._host.config.declaration import PROCESS, RESTART, Table, beside, keys_of, listed, overriding, setting
from agenthost._host.config.place import NO_LINES, Lines, Place
from agenthost._host.config.value_types import (
    AGENTS,
    FLAG,
    HOST,
    HOSTS,
    KEYS,
    MOUNT,
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
    choice,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.sip_rules import RuleConfig
    from agenthost.secret import Secret
    from agenthost.sip.rules import Rule

__all__ = [
    "DEFAULT_STORE",
    "FILE",
    "AgentConfig",
    "ClassifiersConfig",
    "Config",
    "ConversationConfig",
    "HealthConfig",
    "HostConfig",
    "ModelsConfig",
    "PluginsConfig",
    "SipConfig",
    "StateConfig",
    "TelemetryConfig",
    "TurnsConfig",
    "WorkflowConfig",
    "state_dir",
]

FILE = "agenthost.toml"
DEFAULT_STORE = "sqlite:///state.db"


def state_dir(environ: Mapping[str, str] = os.environ) -> str:
    """Return agenthost's state directory (XDG Base Directory Specification: relative values are void)."""
    base = environ.get("XDG_STATE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.local/state"), "agenthost")


@frozen(kw_only=True, eq=False, repr=False)
class HostConfig(Table):
    """``[host]``: addresses, credentials, timeouts and limits of the host.

    Args:
        kept_password: the password that the host made for itself, where none is configured.
        kept_key: the signing key that it made, where none is configured.
    """

    host: str = setting("127.0.0.1", HOST, "Address to listen on", effect=RESTART)
    port: int = setting(
        3000, whole(0, 65535), "Port to listen on; 0 selects a free port", variables=("PORT",), effect=RESTART
    )
    workers: int = setting(1, whole(1), "Number of serving processes", unit="processes", effect=RESTART)
    public_url: str | None = setting(
        None,
        URL,
        "Public address of this host; the base of all URLs in documents",
        variables=("SWML_PROXY_URL_BASE",),
        effect=PROCESS,
    )
    user: str = setting("agenthost", USER, "User name for basic authentication", variables=("SWML_BASIC_AUTH_USER",))
    password: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None,
        PASSWORD,
        "Password for basic authentication; by default, generated and kept in `state_dir`",
        variables=("SWML_BASIC_AUTH_PASSWORD",),
    )
    passwords: tuple[Secret, ...] = setting(
        (), KEYS, "Instead of `password`, for rotation: documents contain the first, and all are accepted"
    )
    signing_keys: tuple[Secret, ...] = setting(
        (),
        KEYS,
        "Keys for tool tokens: the first signs, all verify; by default, one is generated and kept in `state_dir`",
        variables=("SIGNALWIRE_SWAIG_SECRET",),
    )
    webhook_keys: tuple[Secret, ...] = setting(
        (),
        KEYS,
        "Keys for SignalWire's webhook signatures; if set, every POST to an agent or `/sip` must be signed with one",
        variables=("SIGNALWIRE_SIGNING_KEY",),
    )
    log_level: str = setting(
        "info", choice("debug", "info", "warning", "error", "critical"), "Minimum severity of log entries"
    )
    log_format: str = setting(
        "auto", choice("auto", "json", "text"), "Format of the log; `auto` is text on a terminal, else JSON"
    )
    state_dir: str = setting(
        Factory(state_dir),
        PATH,
        "State directory; relative to the configuration file",
        effect=RESTART,
    )
    access_log: bool = setting(False, FLAG, "Log each request, without its query string")  # noqa: FBT003
    allowed_hosts: tuple[str, ...] = setting(
        (), HOSTS, "Accepted names in `Host`, besides IP addresses; `*.example.com` for all subdomains; by default, any"
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), NETWORKS, "Proxies whose `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded`, are believed"
    )
    failed_logins: int = setting(
        20, whole(0), "Failed logins of one client in a minute after which the response is 429; 0 for no limit"
    )
    max_connections: int = setting(8192, whole(1), "Open connections per process", unit="connections")
    header_timeout: float = setting(10.0, SECONDS, "Timeout for the headers of a request", unit="seconds")
    body_timeout: float = setting(20.0, SECONDS, "Timeout for the body of a request", unit="seconds")
    write_timeout: float = setting(
        30.0, SECONDS, "Timeout for a client that does not read its response", unit="seconds"
    )
    idle_timeout: float = setting(
        75.0,
        SECONDS,
        "Timeout for a connection without requests; longer than the load balancer's",
        unit="seconds",
    )
    max_body: int = setting(1048576, whole(1), "Maximum size of a request body", unit="bytes")
    build_timeout: float = setting(10.0, SECONDS, "Timeout for building one agent", unit="seconds")
    tool_timeout: float = setting(10.0, SECONDS, "Timeout for one tool call", unit="seconds", per_agent=True)
    document_timeout: float = setting(
        2.0, SECONDS, "Timeout for an agent's own code that builds its document", unit="seconds", per_agent=True
    )
    running: int = setting(16, whole(1), "Concurrent calls of one agent", unit="calls", per_agent=True)
    queued: int = setting(32, whole(0), "Queued calls of one agent", unit="calls", per_agent=True)
    queue_wait: float = setting(
        0.5,
        PAUSE,
        "Time that a call waits in the queue before the agent counts as busy",
        unit="seconds",
        per_agent=True,
    )
    breaker_failures: int = setting(
        10,
        whole(0),
        "Consecutive failures that open an agent's circuit breaker; 0 disables it",
        unit="failures",
        per_agent=True,
    )
    breaker_open: float = setting(
        10.0,
        SECONDS,
        "Time after which an open circuit breaker lets one call through",
        unit="seconds",
        per_agent=True,
    )
    isolation: str = setting(
        "thread",
        choice("thread", "process"),
        "Run the code of agents in threads of the host, or in separate processes",
        per_agent=True,
    )
    drain_timeout: float = setting(
        30.0, SECONDS, "Time for requests in flight to finish during shutdown", unit="seconds"
    )
    drain_grace: float = setting(
        5.0,
        PAUSE,
        "Time for which requests are still accepted after SIGTERM, if something polls `/ready`",
        unit="seconds",
    )
    strict: bool = setting(False, FLAG, "Refuse to start if an agent or plugin fails")  # noqa: FBT003
    kept_password: Secret | None = None
    kept_key: Secret | None = None

    @property
    def accepted_passwords(self) -> tuple[Secret, ...]:
        """The passwords that open the host, the one of documents first."""
        kept = () if self.kept_password is None else (self.kept_password,)
        return _accepted(self.password, self.passwords) or kept

    @property
    def token_keys(self) -> tuple[Secret, ...]:
        """The keys of the tool tokens, the one that signs first."""
        return self.signing_keys or (() if self.kept_key is None else (self.kept_key,))


def _accepted(password: Secret | None, passwords: tuple[Secret, ...]) -> tuple[Secret, ...]:
    return passwords if password is None else (password, *passwords)


@frozen(kw_only=True, eq=False, repr=False)
class HealthConfig(Table):
    """``[health]``: answers of the health endpoints (wire.md, section 5)."""

    shape: str = setting("routes", choice("routes", "names"), "List routes or names of agents at `/health`")
    public: str = setting(
        "full", choice("full", "count", "status"), "Details of `/health` for clients without credentials"
    )
    port: int | None = setting(
        None,
        whole(0, 65535),
        "Separate port for the health endpoints, served by a separate thread",
        effect=RESTART,
    )
    host: str | None = setting(None, HOST, "Address of that port; by default, the host's", effect=RESTART)
    live_after: float = setting(
        30.0, SECONDS, "Time of a blocked event loop after which `/live` on that port returns 503", unit="seconds"
    )


@frozen(kw_only=True, eq=False, repr=False)
class TelemetryConfig(Table):
    """``[telemetry]``: spans by OpenTelemetry."""

    traces: bool = setting(
        False,  # noqa: FBT003
        FLAG,
        "Send spans to the destination in OpenTelemetry's variables",
        effect=PROCESS,
    )
    otlp_endpoint: str | None = setting(
        None, URL, "Destination of spans (OTLP over HTTP); enables `traces`", effect=PROCESS
    )


@frozen(kw_only=True, eq=False, repr=False)
class StateConfig(Table):
    """``[state]``: the store of what agents share, and its timeouts."""

    url: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, STORE, "URL of the store; by default, `sqlite:///state.db`, a file in `state_dir`", effect=RESTART
    )
    required: bool = setting(True, FLAG, "Be ready only while the store responds")  # noqa: FBT003
    connect_timeout: float = setting(
        0.25, SECONDS, "Timeout for connecting to a store on the network", unit="seconds", effect=RESTART
    )
    operation_timeout: float = setting(
        0.3, SECONDS, "Timeout for one operation of a store on the network", unit="seconds", effect=RESTART
    )

    @property
    def address(self) -> str:
        """The URL, the default one where none is configured."""
        return self.url.reveal() if self.url is not None else DEFAULT_STORE

    @property
    def scheme(self) -> str:
        """The URL's scheme, which is not secret."""
        return self.address.partition(":")[0]


@frozen(kw_only=True, eq=False, repr=False)
class ConversationConfig(Table):
    """``[conversation]``: conversations with agents in text."""

    keep: int = setting(7, whole(1, 3650), "Retention of a transcript after its last message", unit="days")
    history: int = setting(40, whole(0, 1000), "Earlier messages that the model receives", unit="messages")
    rounds: int = setting(6, whole(1, 100), "Rounds of tool calls before the model must answer", unit="rounds")
    timeout: float = setting(60.0, SECONDS, "Timeout for one turn, including tools and other agents", unit="seconds")
    redact: tuple[str, ...] | None = setting(None, NAMES, "Redactors for transcripts; by default, all")
    show_tools: bool = setting(False, FLAG, "Include the tools that were called in responses of `/v1`")  # noqa: FBT003


@frozen(kw_only=True, eq=False, repr=False)
class ModelsConfig(Table):
    """``[models]``: the language models of agents, and ``[models.<name>]``, the settings of one.

    Args:
        settings: by model, its own keys, secrets in them resolved.
    """

    default: str = setting("offline", TEXT, "Model of agents that do not name one", effect=PROCESS)
    settings: Mapping[str, Mapping[str, object]] = beside(PROCESS)


@frozen(kw_only=True, eq=False, repr=False)
class TurnsConfig(Table):
    """``[turns]``: the budget of one turn, for all agents that have a part in it."""

    calls: int = setting(32, whole(1), "Maximum number of calls of agents in one turn", unit="calls")
    tokens: int = setting(200_000, whole(1), "Maximum number of language model tokens in one turn", unit="tokens")
    visits: int = setting(4, whole(1), "Maximum number of calls of the same agent in one turn", unit="calls")
    hops: int = setting(8, whole(1, 64), "Maximum depth of calls between agents", unit="agents")


@frozen(kw_only=True, eq=False, repr=False)
class WorkflowConfig(Table):
    """``[workflows.<name>]``: several installed agents acting as one; other keys belong to its kind.

    Args:
        settings: the keys of its kind.
    """

    kind: str = setting(
        "router",
        choice("router", "sequential", "parallel", "vote", "escalation"),
        "Kind of workflow",
        required=True,
    )
    agents: tuple[str, ...] = setting((), AGENTS, "Names of the agents that take part", required=True)
    route: str | None = setting(None, MOUNT, "Route of the workflow; by default, `/` and its name")
    model: str | None = setting(None, TEXT, "Language model of the workflow itself, instead of the default")
    enabled: bool = setting(True, FLAG, "Build and serve the workflow")  # noqa: FBT003
    settings: Mapping[str, object] = beside()

    @property
    def own_keys(self) -> tuple[str, ...]:
        """Keys of the table that its kind does not read."""
        return tuple(keys_of(WorkflowConfig))


@frozen(kw_only=True, eq=False, repr=False)
class SipConfig(Table):
    """``[sip]``: routing of SIP callers (wire.md, section 4).

    Args:
        tables: ``[[sip.rules]]`` as they are written, in order.
        rules: the same as they decide.
        default_place: file and line of ``default``.
    """

    path: str = setting("/sip", ROUTE, "Path of the endpoint for SIP calls")
    mode: str = setting(
        "answer", choice("answer", "redirect"), "Return the agent's document, or a redirect (307) to it"
    )
    default: str | None = setting(None, TEXT, "Key, name or route of the default agent")
    automatic: bool = setting(True, FLAG, "Enable automatic aliases: keys, names and routes of agents")  # noqa: FBT003
    tables: tuple[RuleConfig, ...] = listed("rules")
    rules: tuple[Rule, ...] = ()
    default_place: str = ""


@frozen(kw_only=True, eq=False, repr=False)
class ClassifiersConfig(Table):
    """``[classifiers]``: the classifiers of routers, and ``[classifiers.<name>]``, the settings of one.

    Args:
        settings: by classifier, its own keys, secrets in them resolved.
    """

    default: str = setting("lexical", TEXT, "Classifier of routers that do not name one", effect=PROCESS)
    settings: Mapping[str, Mapping[str, object]] = beside(PROCESS)


@frozen(kw_only=True, eq=False, repr=False)
class AgentConfig(Table):
    """``[agents.<name>]``: one agent; keys that are not fields are the agent's own settings.

    Args:
        settings: the agent's own keys, secrets in them resolved; empty when the agent is not enabled.
        place: where the section is; None where there is none.
    """

    enabled: bool = setting(True, FLAG, "Build and serve the agent")  # noqa: FBT003
    route: str | None = setting(None, MOUNT, "Route of the agent, instead of its own")
    use: str | None = setting(None, USE, "Another installed agent to mount under this name")
    model: str | None = setting(None, TEXT, "Language model of the agent in text, instead of the default")
    busy: str | None = setting(None, TEXT, "Sentence that a caller hears if the agent is busy")
    tool_timeout: float | None = overriding(HostConfig, "tool_timeout")
    document_timeout: float | None = overriding(HostConfig, "document_timeout")
    running: int | None = overriding(HostConfig, "running")
    queued: int | None = overriding(HostConfig, "queued")
    queue_wait: float | None = overriding(HostConfig, "queue_wait")
    breaker_failures: int | None = overriding(HostConfig, "breaker_failures")
    breaker_open: float | None = overriding(HostConfig, "breaker_open")
    isolation: str | None = overriding(HostConfig, "isolation")
    processes: int = setting(1, whole(1, 64), "Number of its processes, if it is isolated", unit="processes")
    memory_limit: int | None = setting(
        None, whole(16777216), "Memory limit after which one of its processes is replaced", unit="bytes"
    )
    environment: tuple[str, ...] = setting(
        (), NAMES, "Variables of the host's environment that its processes receive, besides the common ones"
    )
    user: str | None = setting(None, USER, "User name of this agent, instead of the host's; requires a password")
    password: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, PASSWORD, "Password of this agent, instead of the host's"
    )
    passwords: tuple[Secret, ...] = setting(
        (), KEYS, "Instead of `password`, for rotation: documents contain the first, and all are accepted"
    )
    optional: bool = setting(False, FLAG, "Start the host even if no installed package provides the agent")  # noqa: FBT003
    settings: Mapping[str, object] = beside()
    place: Place | None = field(default=None, eq=False, repr=False)

    @property
    def accepted_passwords(self) -> tuple[Secret, ...]:
        """The passwords that open the agent, the one of documents first; none where the host's do."""
        return _accepted(self.password, self.passwords)

    def mounts_again(self, key: str) -> bool:
        """Return whether the section of this key mounts an agent a second time; ``use`` may also name the owner."""
        return self.use is not None and self.use.rpartition(":")[2] != key.rpartition(":")[2]

    @property
    def restricts(self) -> bool:
        """Whether the section protects something: the host must not go on as if it did not stand there."""
        return not self.enabled or bool(self.accepted_passwords) or self.isolation == "process"


@frozen(kw_only=True, eq=False, repr=False)
class PluginsConfig(Table):
    """``[plugins]``: the plugins that are loaded, and ``[plugins.<name>]``, the settings of one.

    Args:
        settings: by plugin, its own keys, secrets in them resolved; without plugins that are switched off.
    """

    disable: tuple[str, ...] = setting((), NAMES, "Plugins not to load", effect=PROCESS)
    only: tuple[str, ...] | None = setting(None, NAMES, "The only plugins to load", effect=PROCESS)
    settings: Mapping[str, Mapping[str, object]] = beside(PROCESS)

    def allows(self, plugin: str) -> bool:
        """Return whether a plugin is to be loaded; ``name``, or ``distribution:name`` where that is known."""
        called = {plugin, plugin.rpartition(":")[2]}
        return called.isdisjoint(self.disable) and (self.only is None or not called.isdisjoint(self.only))


@frozen(kw_only=True, eq=False, repr=False)
class Config(Table):
    """Everything that is configured.

    Args:
        source: the file that was read, as it was named, or ``None``.
        warnings: sentences for stderr about what is allowed but unlikely to be meant.
        asked: the arguments of ``load_config``: the file, and what options said.
        lines: the lines of the file.
        fetched: what was fetched by ``{ env }`` and ``{ file }``, for redaction.
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
    lines: Lines = field(default=NO_LINES, eq=False, repr=False)
    fetched: tuple[Secret, ...] = field(default=(), eq=False, repr=False)

    @property
    def where(self) -> str:
        """The file that was read, else the one that would be."""
        return self.source or FILE

    def place(self, *path: str | int) -> Place:
        """Return the place of a value, for messages about it."""
        return Place(self.where, lines=self.lines).at(*path)
