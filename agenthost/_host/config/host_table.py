"""``[host]``: the table of the host itself, each key declared once."""

# No pathlib, and no unused generated code: every command that lists something pays for it.
# ruff: noqa: PTH111, PTH117, PTH118

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from attrs import Factory, frozen

from agenthost._host.config.declaration import PROCESS, RESTART, Table, setting
from agenthost._host.config.value_types import (
    AGENT_PATTERNS,
    FLAG,
    HOST,
    HOSTS,
    KEYS,
    NETWORKS,
    ORIGINS,
    PASSWORD,
    PATH,
    PAUSE,
    SECONDS,
    TEXT,
    URL,
    USER,
    choice,
    choices,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost.secret import Secret

__all__ = ["HostConfig", "accepted", "start_method", "state_dir"]

_SIGNED = ("document", "get_signature", "callback", "sip")
"""The kinds of requests that SignalWire signs."""
_EVERY_AGENT = ("*",)
_UNSIGNED = ("tool_call", "post_prompt", "check_for_input", "debug_event", "mcp")


def state_dir(environ: Mapping[str, str] = os.environ) -> str:
    """Return agenthost's state directory (XDG Base Directory Specification: relative values are void)."""
    base = environ.get("XDG_STATE_HOME", "")
    return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.local/state"), "agenthost")


def start_method() -> str:
    """Return how serving processes start on this system.

    The libraries of macOS forbid a fork.
    """
    return "fork" if hasattr(os, "fork") and sys.platform != "darwin" else "spawn"


@frozen(kw_only=True, eq=False, repr=False, slots=False)
class HostConfig(Table):
    """``[host]``: addresses, credentials, timeouts and limits of the host."""

    host: str = setting("127.0.0.1", HOST, "Address to listen on", effect=RESTART)
    port: int = setting(
        3000, whole(0, 65535), "Port to listen on; 0 selects a free port", variables=("PORT",), effect=RESTART
    )
    uds: str | None = setting(
        None, PATH, "Path of a Unix socket on which `agenthost run` listens instead of a port", effect=RESTART
    )
    workers: int = setting(1, whole(1), "Number of serving processes", unit="processes", effect=RESTART)
    start_method: str = setting(
        Factory(start_method),
        choice("fork", "spawn"),
        "How serving processes start: forked from one that has imported the packages, or as new ones",
        effect=RESTART,
    )
    public_url: str | None = setting(
        None,
        URL,
        "Public address of this host; the base of all URLs in documents",
        variables=("SWML_PROXY_URL_BASE",),
        effect=PROCESS,
    )
    agents: tuple[str, ...] = setting(
        _EVERY_AGENT,
        AGENT_PATTERNS,
        "Installed agents and configured workflows to serve: names, or patterns like `genie*`",
    )
    announce: str | None = setting(
        None,
        TEXT,
        "Name by which this host announces itself in the state store, for `[peers.<name>]` of others",
        effect=PROCESS,
    )
    announce_url: str | None = setting(
        None,
        URL,
        "Address that it announces for turns in text; by default, `public_url`, which calls use",
        effect=PROCESS,
    )
    announce_lease: float = setting(
        15.0,
        SECONDS,
        "Time after which other hosts forget it unless it announces itself again",
        unit="seconds",
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
        "Keys for SignalWire's webhook signatures, which are then verified, and required as in `signed_requests`",
        variables=("SIGNALWIRE_SIGNING_KEY",),
    )
    signed_requests: tuple[str, ...] = setting(
        _SIGNED,
        choices(*_SIGNED, *_UNSIGNED),
        "Kinds of requests that must be signed if there are webhook keys",
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
    allowed_origins: tuple[str, ...] = setting(
        (), ORIGINS, "Origins whose pages may call `/v1` in a browser; `*` for any; by default, none"
    )
    trusted_proxies: tuple[str, ...] = setting(
        (), NETWORKS, "Proxies whose `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded`, are believed"
    )
    failed_logins: int = setting(
        20, whole(0), "Failed logins of one client for one user in a minute after which it has to wait; 0 for no limit"
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
    build: str = setting(
        "eager",
        choice("eager", "lazy"),
        "Build agents at start, or at their first request and in the background, which needs `agenthost.lock`",
        effect=RESTART,
    )
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
    debuggable: bool = setting(
        False,  # noqa: FBT003
        FLAG,
        "Let debuggers and other processes of the same user read the memory of the host, and keep core dumps",
        effect=RESTART,
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
    locked_dependencies: str = setting(
        "show",
        choice("show", "refuse"),
        "Show another version of a dependency than `agenthost.lock` has, or set aside the packages that require it",
    )
    strict: bool = setting(False, FLAG, "Refuse to start if an agent or plugin fails")  # noqa: FBT003
    kept_password: Secret | None = None
    """The password that the host made for itself, where none is configured."""
    kept_key: Secret | None = None
    """The signing key that it made, where none is configured."""

    def serves(self, *names: str) -> bool:
        """Return True if an agent with these names is to be served by this host."""
        return self.agents == _EVERY_AGENT or any(_matches(name, pattern) for pattern in self.agents for name in names)

    def may_serve(self, section: str) -> bool:
        """Return True unless a section of ``[agents]`` can only be of an agent elsewhere.

        It may have either key of the agent, and a pattern may be of the other one.
        """
        name = section.rpartition(":")[2]
        return self.serves(section, name) or any(_matches(name, each.rpartition(":")[2]) for each in self.agents)

    def unmatched(self, names: Iterable[str]) -> list[str]:
        """Return the patterns of ``agents`` that match none of some names."""
        if self.agents == _EVERY_AGENT:
            return []
        known = [*names]
        return [pattern for pattern in self.agents if not any(_matches(name, pattern) for name in known)]

    @property
    def accepted_passwords(self) -> tuple[Secret, ...]:
        """The passwords that open the host, the one of documents first."""
        kept = () if self.kept_password is None else (self.kept_password,)
        return accepted(self.password, self.passwords) or kept

    @property
    def token_keys(self) -> tuple[Secret, ...]:
        """The keys of the tool tokens, the one that signs first."""
        return self.signing_keys or (() if self.kept_key is None else (self.kept_key,))


def _matches(name: str, pattern: str) -> bool:
    from fnmatch import fnmatchcase  # noqa: PLC0415 - most hosts serve every agent

    return fnmatchcase(name, pattern)


def accepted(password: Secret | None, passwords: tuple[Secret, ...]) -> tuple[Secret, ...]:
    """Return the passwords of a section that has either key."""
    return passwords if password is None else (password, *passwords)
