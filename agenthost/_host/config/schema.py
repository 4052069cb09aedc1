"""Tables of ``agenthost.toml`` as frozen values: each key declared once.

docs/reference/configuration.md has the same for operators; ``agenthost._host.config.load`` reads the file.
"""

# No pathlib, few classes, and no unused generated code: every command that lists something pays for it.

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.config.declaration import PROCESS, RESTART, Table, beside, keys_of, listed, overriding, setting
from agenthost._host.config.host_table import HostConfig, accepted
from agenthost._host.config.place import NO_LINES, Lines, Place
from agenthost._host.config.value_types import (
    AGENTS,
    CLASSIFIER,
    FLAG,
    HASHED,
    HOST,
    KEYS,
    MODEL,
    MOUNT,
    NAMES,
    PASSWORD,
    PATHS,
    PEER_AGENTS,
    ROUTE,
    SECONDS,
    STORE,
    TEXT,
    URL,
    USE,
    USER,
    choice,
    choices,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.line_numbers import Path
    from agenthost._host.config.sip_rules import RouteConfig, RuleConfig
    from agenthost.secret import HashedSecret, Secret
    from agenthost.sip.rules import Rule

__all__ = [
    "ADMINISTER",
    "ALL_AGENTS",
    "DEFAULT_STORE",
    "FILE",
    "SCOPES",
    "AgentConfig",
    "ClassifiersConfig",
    "Config",
    "ConsoleConfig",
    "ConversationConfig",
    "HealthConfig",
    "HostConfig",
    "KeyConfig",
    "ModelsConfig",
    "PeerConfig",
    "PluginsConfig",
    "RecordingConfig",
    "SipConfig",
    "StateConfig",
    "TelemetryConfig",
    "TurnsConfig",
    "WorkflowConfig",
]

FILE = "agenthost.toml"
DEFAULT_STORE = "sqlite:///state.db"
SCOPES = ("call", "text", "observe", "operate")
ADMINISTER = "administer"
"""The scope that changes a running host, which only keys have."""
"""Documents and tools; conversations in text; metrics and health; changes of a running host."""
ALL_AGENTS = "*"
"""In the list of a key, all agents that the host's credentials open."""


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class HealthConfig(Table):
    """``[health]``: answers of the health endpoints (wire.md, section 5)."""

    shape: str = setting("routes", choice("routes", "names"), "List routes or names of agents at `/health`")
    public: str = setting(
        "full", choice("full", "count", "status"), "Details of `/health` for clients without credentials"
    )
    port: int | None = setting(
        None,
        whole(0, 65535),
        "Separate port for the health endpoints, served by a separate process",
        effect=RESTART,
    )
    host: str | None = setting(None, HOST, "Address of that port; by default, the host's", effect=RESTART)
    live_after: float = setting(
        30.0, SECONDS, "Time of a blocked event loop after which `/live` on that port returns 503", unit="seconds"
    )


@frozen(kw_only=True, eq=False, repr=False, slots=False)
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


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class StateConfig(Table):
    """``[state]``: the store of what agents share, and its timeouts."""

    url: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, STORE, "URL of the store; by default, `sqlite:///state.db`, a file in `state_dir`", effect=RESTART
    )
    required: bool = setting(True, FLAG, "Agents that use shared state are ready only while it works")  # noqa: FBT003
    connect_timeout: float = setting(
        0.25, SECONDS, "Timeout for connecting to a store on the network", unit="seconds", effect=RESTART
    )
    operation_timeout: float = setting(
        0.3, SECONDS, "Timeout for one operation of a store on the network", unit="seconds", effect=RESTART
    )

    @property
    def address(self) -> str:
        """The URL of the store, or the default one."""
        return self.url.reveal() if self.url is not None else DEFAULT_STORE

    @property
    def scheme(self) -> str:
        """The scheme of the URL, which is not secret."""
        return self.address.partition(":")[0]


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class ConversationConfig(Table):
    """``[conversation]``: conversations with agents in text."""

    keep: int = setting(7, whole(1, 3650), "Retention of a transcript after its last message", unit="days")
    history: int = setting(40, whole(0, 1000), "Earlier messages that the model receives", unit="messages")
    history_tokens: int = setting(
        6144, whole(0, 100_000), "Tokens of these messages, with 4 characters each", unit="tokens"
    )
    rounds: int = setting(6, whole(1, 100), "Rounds of tool calls before the model must answer", unit="rounds")
    timeout: float = setting(60.0, SECONDS, "Timeout for one turn, including tools and other agents", unit="seconds")
    redact: tuple[str, ...] | None = setting(None, NAMES, "Redactors for transcripts; by default, all")
    ids: tuple[str, ...] = setting(
        ("X-Conversation-Id", "X-OpenWebUI-Chat-Id", "call.id"),
        NAMES,
        "Headers, and fields of the body with a dot, in which clients of `/v1` send the ID of a conversation",
    )
    show_tools: bool = setting(False, FLAG, "Include the tools that were called in responses of `/v1`")  # noqa: FBT003


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class RecordingConfig(Table):
    """``[recording]``: records of calls."""

    days: int = setting(0, whole(0, 365), "Retention of the record of a call; 0 records nothing", unit="days")
    percent: int = setting(100, whole(1, 100), "Share of the calls that are recorded", unit="percent")


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class ConsoleConfig(Table):
    """``[console]``: pages about the running host."""

    enabled: bool = setting(False, FLAG, "Serve the console at `/-/`; `agenthost dev` enables it")  # noqa: FBT003


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class ModelsConfig(Table):
    """``[models]``: the language models of agents, and ``[models.<name>]``, the settings of one."""

    default: str = setting("offline", MODEL, "Model of agents that do not name one")
    settings: Mapping[str, Mapping[str, object]] = beside()


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class TurnsConfig(Table):
    """``[turns]``: the budget of one turn, for all agents that have a part in it."""

    calls: int = setting(32, whole(1), "Maximum number of calls of agents in one turn", unit="calls")
    tokens: int = setting(200_000, whole(1), "Maximum number of language model tokens in one turn", unit="tokens")
    visits: int = setting(4, whole(1), "Maximum number of calls of the same agent in one turn", unit="calls")
    hops: int = setting(8, whole(1, 64), "Maximum depth of calls between agents", unit="agents")


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class WorkflowConfig(Table):
    """``[workflows.<name>]``: several installed agents that act as one.

    Other keys belong to its kind.
    """

    kind: str = setting(
        "router",
        choice("router", "sequential", "parallel", "vote", "escalation"),
        "Kind of workflow",
        required=True,
    )
    agents: tuple[str, ...] = setting((), AGENTS, "Keys, names or routes of the agents that take part", required=True)
    route: str | None = setting(None, MOUNT, "Route of the workflow; by default, `/` and its name")
    model: str | None = setting(None, MODEL, "Language model of the workflow itself, instead of the default")
    enabled: bool = setting(True, FLAG, "Build and serve the workflow")  # noqa: FBT003
    settings: Mapping[str, object] = beside()

    @property
    def own_keys(self) -> tuple[str, ...]:
        """The keys of the table that its kind does not read."""
        return tuple(keys_of(WorkflowConfig))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class SipConfig(Table):
    """``[sip]``: routing of SIP callers (wire.md, section 4)."""

    path: str = setting("/sip", ROUTE, "Path of the endpoint for SIP calls")
    mode: str = setting(
        "answer", choice("answer", "redirect"), "Return the agent's document, or a redirect (307) to it"
    )
    default: str | None = setting(None, TEXT, "Key, name or route of the default agent")
    automatic: bool = setting(True, FLAG, "Enable automatic aliases: keys, names and routes of agents")  # noqa: FBT003
    tables: tuple[RuleConfig, ...] = listed("rules")
    """``[[sip.rules]]`` as they are written, in order."""
    rules: tuple[Rule, ...] = ()
    default_place: str = ""
    """File and line of ``default``."""


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class ClassifiersConfig(Table):
    """``[classifiers]``: the classifiers of routers, and ``[classifiers.<name>]``, the settings of one."""

    default: str = setting("lexical", CLASSIFIER, "Classifier of routers that do not name one")
    settings: Mapping[str, Mapping[str, object]] = beside()


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class AgentConfig(Table):
    """``[agents.<name>]``: one agent.

    Keys that are not fields are the agent's own settings.
    """

    enabled: bool = setting(True, FLAG, "Build and serve the agent")  # noqa: FBT003
    route: str | None = setting(None, MOUNT, "Route of the agent, instead of its own")
    use: str | None = setting(None, USE, "Another installed agent to mount under this name")
    model: str | None = setting(None, MODEL, "Language model of the agent in text, instead of the default")
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
    file_limit: int = setting(1024, whole(64), "Open files of each of its processes, if it is isolated", unit="files")
    paths: tuple[str, ...] = setting(
        (),
        PATHS,
        "Files and directories that its processes may change, or only read with `:ro` appended, if it is isolated; "
        "relative to the configuration file",
    )
    shared_state: tuple[str, ...] = setting(
        (), NAMES, "Names of shared stores that it may use, of those that its package declares, if it is isolated"
    )
    run_as: str | None = setting(None, TEXT, "User of the system that its processes run as, if it is isolated")
    process_limit: int | None = setting(
        None, whole(8), "Processes and threads that the user in `run_as` may have", unit="processes"
    )
    user: str | None = setting(None, USER, "User name of this agent, instead of the host's; requires a password")
    password: Secret | None = setting(  # noqa: RUF009  # a field, as attrs.field() is
        None, PASSWORD, "Password of this agent, instead of the host's"
    )
    passwords: tuple[Secret, ...] = setting(
        (), KEYS, "Instead of `password`, for rotation: documents contain the first, and all are accepted"
    )
    reachable_from: tuple[str, ...] = setting(
        (), NAMES, "Agents, `sip` or `*` that may lead a call to this agent, if it has its own password"
    )
    optional: bool = setting(False, FLAG, "Start the host even if no installed package provides the agent")  # noqa: FBT003
    settings: Mapping[str, object] = beside()
    """The agent's own keys, secrets in them resolved; empty when the agent is not enabled."""
    place: Place | None = field(default=None, eq=False, repr=False)
    """The place of the section; None where there is none."""

    @property
    def accepted_passwords(self) -> tuple[Secret, ...]:
        """The accepted passwords of the agent, the one in documents first.

        It is empty if the agent uses those of the host.
        """
        return accepted(self.password, self.passwords)

    def mounts_again(self, key: str) -> bool:
        """Return True if the section of this key mounts an agent a second time.

        ``use`` may also name the owner of the key.
        """
        return self.use is not None and self.use.rpartition(":")[2] != key.rpartition(":")[2]

    @property
    def restricts(self) -> bool:
        """True if the section protects something.

        The host must then not continue without it.
        """
        return not self.enabled or bool(self.accepted_passwords) or self.isolation == "process"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class KeyConfig(Table):
    """``[keys.<name>]``: a key that opens some agents for some purposes."""

    secret: tuple[HashedSecret, ...] = setting(
        (), HASHED, "Secret text that clients present; with a list, each of them is accepted", required=True
    )
    agents: tuple[str, ...] = setting(
        (), NAMES, "Agents that it opens; `*` for all that the host's credentials open", required=True
    )
    scopes: tuple[str, ...] = setting(
        (), choices(*SCOPES, ADMINISTER), "Purposes that it is accepted for", required=True
    )


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class PeerConfig(Table):
    """``[peers.<name>]``: another host, and the agents that it serves for this one."""

    url: str | None = setting(None, URL, "Its URL; by default, those that it announces in the state store")
    user: str = setting("", USER, "Name of a key of that host (`[keys.<name>]` there)", required=True)
    secret: Secret | None = setting(None, PASSWORD, "Secret of that key", required=True)  # noqa: RUF009  # a field, as attrs.field() is
    agents: tuple[str, ...] = setting((), PEER_AGENTS, "Keys of the agents that it serves for this host", required=True)
    balanced: bool = setting(
        False,  # noqa: FBT003
        FLAG,
        "Share agents with other peers that list them and are balanced; otherwise they are a conflict",
    )
    settings: Mapping[str, object] = beside()
    """By agent, its own table."""


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class PluginsConfig(Table):
    """``[plugins]``: the plugins that are loaded, and ``[plugins.<name>]``, the settings of one."""

    disable: tuple[str, ...] = setting((), NAMES, "Plugins not to load", effect=PROCESS)
    only: tuple[str, ...] | None = setting(None, NAMES, "The only plugins to load", effect=PROCESS)
    settings: Mapping[str, Mapping[str, object]] = beside(PROCESS)
    """By plugin, its own keys, secrets in them resolved; without plugins that are switched off."""

    def allows(self, plugin: str) -> bool:
        """Return True if a plugin is to be loaded.

        The name is ``name``, or ``distribution:name`` if that is known.
        """
        called = {plugin, plugin.rpartition(":")[2]}
        return called.isdisjoint(self.disable) and (self.only is None or not called.isdisjoint(self.only))


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class Config(Table):
    """Everything that is configured."""

    host: HostConfig = field(factory=HostConfig)
    health: HealthConfig = field(factory=HealthConfig)
    telemetry: TelemetryConfig = field(factory=TelemetryConfig)
    state: StateConfig = field(factory=StateConfig)
    conversation: ConversationConfig = field(factory=ConversationConfig)
    recording: RecordingConfig = field(factory=RecordingConfig)
    console: ConsoleConfig = field(factory=ConsoleConfig)
    models: ModelsConfig = field(factory=ModelsConfig)
    turns: TurnsConfig = field(factory=TurnsConfig)
    sip: SipConfig = field(factory=SipConfig)
    classifiers: ClassifiersConfig = field(factory=ClassifiersConfig)
    keys: Mapping[str, KeyConfig] = field(factory=dict)
    agents: Mapping[str, AgentConfig] = field(factory=dict)
    workflows: Mapping[str, WorkflowConfig] = field(factory=dict)
    peers: Mapping[str, PeerConfig] = field(factory=dict)
    routes: Mapping[str, RouteConfig] = field(factory=dict)
    plugins: PluginsConfig = field(factory=PluginsConfig)
    source: str | None = None
    """The file that was read, as it was named, or ``None``."""
    warnings: tuple[str, ...] = ()
    """Sentences for stderr about what is allowed but unlikely to be meant."""
    sourced: bool = field(default=False, eq=False, repr=False)
    """True if packages are served that are not installed."""
    asked: tuple[str | None, Mapping[str, object]] = field(default=(None, {}), eq=False, repr=False)
    """The arguments of ``load_config``: the file, and what options said."""
    lines: Lines = field(default=NO_LINES, eq=False, repr=False)
    fetched: tuple[Secret, ...] = field(default=(), eq=False, repr=False)
    """The secrets that ``{ env }`` and ``{ file }`` fetched, for redaction."""
    key_texts: tuple[Secret, ...] = field(default=(), eq=False, repr=False)
    """The secrets of keys, for redaction. Nothing else has their text."""
    said: Mapping[str, str] = field(factory=dict, eq=False, repr=False)
    """The variables and options that set keys of ``[host]``, by key."""
    origins: Mapping[Path, str] = field(factory=dict, eq=False, repr=False)
    """The sources of secrets that ``{ env }`` and ``{ file }`` fetched, in words, by path."""

    @property
    def program(self) -> str | None:
        """The ``AgentServer`` that is served in place of the installed agents, as ``module:name``."""
        name = self.asked[1].get("program")
        return None if name is None else str(name)

    @property
    def where(self) -> str:
        """The file that was read, else the default one."""
        return self.source or FILE

    def place(self, *path: str | int) -> Place:
        """Return the place of a value, for messages about it."""
        if path[:1] == ("host",) and (source := self.said.get(str(path[1:2] and path[1]))):
            return Place(source).at(*path)
        return Place(self.where, lines=self.lines).at(*path)

    def located(self, *path: str | int) -> str:
        """Return the place of a secret, with its variable or file."""
        source = next((found for end in range(len(path), 1, -1) if (found := self.origins.get(path[:end]))), None)
        place = self.place(*path)
        return str(place) if source is None or place.file != self.where else f"{place} (from {source})"
