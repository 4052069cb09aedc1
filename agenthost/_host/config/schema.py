"""The tables of ``agenthost.toml`` as frozen values: each field with what it may be, its default and its meaning.

docs/reference/configuration.md says the same for operators; ``agenthost._host.config.load`` reads the file.
"""

# No pathlib, few classes, and nothing generated that nobody asks for: every command that lists something pays for it.
# ruff: noqa: PTH111, PTH117, PTH118

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from attrs import Factory, field, fields, frozen

from agenthost._host.config.value_types import (
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
    choice,
    setting,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attrs import Attribute, AttrsInstance

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
    "configured",
    "state_dir",
]

FILE = "agenthost.toml"
DEFAULT_STORE = "sqlite:///state.db"


def state_dir(environ: Mapping[str, str] = os.environ) -> str:
    """Return agenthost's state directory (XDG Base Directory Specification: relative values are void)."""
    base = environ.get("XDG_STATE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.local/state"), "agenthost")


class _Table:
    """What attrs would otherwise write, and compile, for each table at every start of every command."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and _values(self) == _values(other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in _values(self).items())})"


def _values(table: Any) -> dict[str, object]:
    """What equality and ``repr`` go by."""
    return {each.name: getattr(table, each.name) for each in fields(type(table)) if each.eq}


@frozen(kw_only=True, eq=False, repr=False)
class HostConfig(_Table):
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
        Factory(state_dir), PATH, "Directory of what the host keeps; relative to the configuration file"
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


@frozen(kw_only=True, eq=False, repr=False)
class HealthConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class TelemetryConfig(_Table):
    """``[telemetry]``: whether spans are sent, by OpenTelemetry."""

    traces: bool = setting(False, FLAG, "Whether spans are sent, to where OpenTelemetry's variables say")  # noqa: FBT003
    otlp_endpoint: str | None = setting(None, URL, "Where spans are sent to (OTLP over HTTP); switches `traces` on")


@frozen(kw_only=True, eq=False, repr=False)
class StateConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class ConversationConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class ModelsConfig(_Table):
    """``[models]``: which language model agents use, and ``[models.<name>]``, what one is set to.

    Args:
        settings: by model, its own keys, secrets in them resolved.
    """

    default: str = setting("offline", TEXT, "The model of agents that name none")
    settings: Mapping[str, Mapping[str, object]] = field(factory=dict)


@frozen(kw_only=True, eq=False, repr=False)
class TurnsConfig(_Table):
    """``[turns]``: what one turn of a conversation may take, with all agents that have a part in it."""

    calls: int = setting(32, whole(1), "How many calls of agents one turn may take", unit="calls")
    tokens: int = setting(200_000, whole(1), "How many tokens language models may take in one turn", unit="tokens")
    visits: int = setting(4, whole(1), "How often one agent may be called in one turn", unit="calls")
    hops: int = setting(8, whole(1, 64), "How deep agents may call each other", unit="agents")


@frozen(kw_only=True, eq=False, repr=False)
class WorkflowConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class SipConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class ClassifiersConfig(_Table):
    """``[classifiers]``: what routers choose with, and ``[classifiers.<name>]``, what one classifier is set to.

    Args:
        settings: by classifier, its own keys, secrets in them resolved.
    """

    default: str = setting("lexical", TEXT, "The classifier of routers that name none")
    settings: Mapping[str, Mapping[str, object]] = field(factory=dict)


@frozen(kw_only=True, eq=False, repr=False)
class AgentConfig(_Table):
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
    optional: bool = setting(False, FLAG, "Whether the host starts although no installed package offers the agent")  # noqa: FBT003
    settings: Mapping[str, object] = field(factory=dict)

    def mounts_again(self, key: str) -> bool:
        """Return whether the section of this key mounts an agent a second time; ``use`` may also name the owner."""
        return self.use is not None and self.use.rpartition(":")[2] != key.rpartition(":")[2]

    @property
    def restricts(self) -> bool:
        """Whether the section protects something: the host must not go on as if it did not stand there."""
        return not self.enabled or bool(self.password or self.passwords) or self.isolation == "process"


@frozen(kw_only=True, eq=False, repr=False)
class PluginsConfig(_Table):
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


@frozen(kw_only=True, eq=False, repr=False)
class Config(_Table):
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

    @property
    def where(self) -> str:
        """The file that was read, else the one that would be, for messages about what stands in it."""
        return self.source or FILE


def configured(cls: type[AttrsInstance]) -> dict[str, Attribute[object]]:
    """Return by name the fields of ``cls`` that are keys of its table."""
    return {attribute.name.rstrip("_"): attribute for attribute in fields(cls) if "kind" in attribute.metadata}
