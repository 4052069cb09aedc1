"""The doctor: faults that do not stop a host, but will hurt in production.

``check`` reports if the host can serve; the doctor reports if it is ready for production. Each check examines one
thing, changes nothing, and yields findings.
"""

# One look each, without pathlib.
# ruff: noqa: PTH110, PTH116

from __future__ import annotations

import asyncio
import ctypes
import ipaddress
import os
import stat
import sys
import time
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from attrs import asdict, frozen
from packaging.requirements import InvalidRequirement, Requirement

from agenthost._error_words import message_of
from agenthost._host.access.guessable import FIX, guessable_secrets
from agenthost._host.config.value_types import UNIX, shown
from agenthost._host.installer.environment import installer
from agenthost._host.operations.exports.deployment import loopback
from agenthost._host.operations.hosted import hosted_distributions
from agenthost._host.operations.integrity import differing, unrecorded
from agenthost._host.runtime.shared_state import HostState
from agenthost._host.walls.weaknesses import weaknesses
from agenthost._private_files import check_private
from agenthost.errors import AgentHostError, ConfigurationError
from agenthost.secret import HashedSecret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["CHECKS", "PROBLEM", "WARNING", "Finding", "examine", "unmet"]

PROBLEM = "problem"
WARNING = "warning"
_SHORT_KEY = 32
_START_STORE = "Start it, or correct url in [state]."
_SPARE_FILES = 1024
_KEPT = ("password", "signing_key", "state.db", "logins", "failed_logins")
_STA_UNSYNC = 0x0040
_WRITTEN = 1767225600.0
"""The first of January 2026. An earlier time means a wrong clock."""
_NETWORKED = ("redis", "rediss", "valkey", "valkeys", "postgresql", "postgres")


@frozen
class Finding:
    """A fault, with its fix."""

    check: str
    """The name of the check, from ``CHECKS``."""
    severity: str
    """``problem``, which callers will notice, or ``warning``, which may be intended."""
    says: str
    remedy: str

    def report(self) -> dict[str, Any]:
        """Return the finding as in ``agenthost doctor --json``."""
        return asdict(self)


def examine(config: Config, plan: HostPlan) -> tuple[Finding, ...]:
    """Run all checks.

    ``config`` is the configuration, without the secrets that the host makes.
    """
    return tuple(
        Finding(name, severity, says, remedy)
        for name, check in CHECKS.items()
        for severity, says, remedy in check(config, plan)
    )


def _public_url(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    url = config.host.public_url
    write = 'public_url = "https://agents.example.com" in [host]'
    if url is None:
        says = "public_url is not set: the URLs in documents follow the address of each request"
        yield WARNING, says, f"Write {write}."
        return
    parts = urlsplit(url)
    if _only_inside(parts.hostname or ""):
        yield PROBLEM, f"public_url is {url}: SignalWire cannot reach that address", f"Write {write}."
    elif parts.scheme != "https":
        yield (
            PROBLEM,
            f"public_url is {url}: passwords and callers' words are sent in the clear",
            "Put a proxy with a certificate in front, and write https:// in public_url.",
        )


def _credentials(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    host = config.host
    passwords = [("host", each) for each in host.accepted_passwords]
    for key, agent in config.agents.items():
        passwords += [(f"agents.{key}", each) for each in agent.accepted_passwords]
    if not any(place == "host" for place, _ in passwords) and _several_hosts(config):
        yield (
            PROBLEM,
            f"each host generates its own password, and the {config.state.scheme}:// store is shared by several",
            'Write password = { env = "AGENTHOST_PASSWORD" } in [host], the same for all of them.',
        )
    taken: dict[str, str] = {}
    for place, secret in passwords:
        text = secret.reveal()
        if taken.setdefault(text, place) != place:
            yield WARNING, f"{place} has the same password as {taken[text]}", "Make a password for each."
    hashed = {HashedSecret.of(text).digest: place for text, place in taken.items()}
    for name, table in config.keys.items():
        for place in {hashed[each.digest] for each in table.secret if each.digest in hashed}:
            yield PROBLEM, f"keys.{name} has the same secret as {place}, which opens more than the key", FIX
    for where, says in guessable_secrets(config).items():
        yield PROBLEM, f"{where}: {says}", FIX
    if any(key.reveal() in taken for key in (*host.signing_keys, *host.webhook_keys)):
        yield (
            PROBLEM,
            "a signing key is also a password: each webhook URL shows it, so that any reader could sign tokens",
            "Make a separate key: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )


def _keys(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    keys = config.host.signing_keys
    if not keys and _several_hosts(config):
        yield (
            PROBLEM,
            (
                f"each host signs tokens with its own key, and the {config.state.scheme}:// store is shared by several:"
                " each host refuses the tokens of the others"
            ),
            'Write signing_keys = [{ env = "SIGNALWIRE_SWAIG_SECRET" }] in [host], the same for all of them.',
        )
    if any(len(key.reveal()) < _SHORT_KEY for key in keys):
        yield (
            WARNING,
            f"a signing key has fewer than {_SHORT_KEY} characters",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )


def _proxies(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    host = config.host
    networks = [each for each in host.trusted_proxies if each != UNIX]
    if any(ipaddress.ip_network(each, strict=False).prefixlen == 0 for each in networks):
        yield (
            PROBLEM,
            "trusted_proxies matches every address: any client can forge its address",
            "List only the networks of the proxies in trusted_proxies.",
        )
    if (host.public_url or "").startswith("https:") and not host.trusted_proxies:
        yield (
            WARNING,
            (
                "public_url is https, so a proxy is in front, but trusted_proxies is empty: failed logins and the log"
                " have the proxy's address for every client"
            ),
            'Write trusted_proxies = ["unix"] in [host].'
            if host.uds
            else 'Write trusted_proxies = ["127.0.0.1"] in [host], with the address of the proxy.',
        )


def _allowed_hosts(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    host = config.host
    if not host.allowed_hosts:
        if host.public_url is None and not loopback(host.host):
            yield (
                WARNING,
                f"the host listens on {host.host}, and copies any Host header to the URLs of its documents",
                "Set public_url, or allowed_hosts.",
            )
        return
    name = (urlsplit(host.public_url or "").hostname or "").casefold()
    if name and not any(_covers(pattern.casefold(), name) for pattern in host.allowed_hosts):
        yield PROBLEM, f"allowed_hosts lacks {name}, the host of public_url", f'Add "{name}" to allowed_hosts.'


def _workers(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if config.host.workers > cores:
        says = f"{config.host.workers} workers share {cores} core{'s' * (cores > 1)}: more workers are not faster"
        yield WARNING, says, f"Write workers = {cores} in [host]."
    if config.state.scheme == "memory":
        yield (
            WARNING,
            "the store of shared state is memory://: its content is lost with the process",
            'Write url = "sqlite:///state.db" in [state], or a store on the network.',
        )


def _clock(_: Config, __: HostPlan) -> Iterator[tuple[str, str, str]]:
    if time.time() < _WRITTEN:
        yield (
            PROBLEM,
            f"the clock says {time.strftime('%Y-%m-%d')}: tokens and certificates of today are refused",
            "Synchronise the clock: timedatectl set-ntp true",
        )
    elif _unsynchronised():
        yield (
            WARNING,
            "the clock is not synchronised: tokens of other hosts expire too early or too late",
            "Synchronise the clock: timedatectl set-ntp true",
        )


def _file_limit(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is none on Windows

    limit, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = config.host.max_connections + _SPARE_FILES
    if limit not in (resource.RLIM_INFINITY, -1) and limit < wanted:
        yield (
            WARNING if limit >= config.host.max_connections else PROBLEM,
            (
                f"a process can open {limit} files here, but max_connections is {config.host.max_connections}:"
                " further connections fail"
            ),
            f"ulimit -n {wanted}, LimitNOFILE={wanted} in a unit, or a smaller max_connections.",
        )


def _packages(config: Config, plan: HostPlan) -> Iterator[tuple[str, str, str]]:
    for item in plan.failed:
        if item.diagnosis is not None:
            yield PROBLEM, f"agent {item.key} is not served: {item.diagnosis.reason}", item.diagnosis.remedy
    for plugin in plan.plugins:
        if plugin.diagnosis is not None:
            yield (
                PROBLEM,
                f"plugin {plugin.name} is not loaded: {plugin.diagnosis.reason.removesuffix('.')}",
                plugin.diagnosis.remedy,
            )
    known = {f"{place}: {says}. fix: {FIX}" for place, says in guessable_secrets(config).items()}
    for warning in (each for each in plan.warnings if each not in known):
        yield WARNING, warning, "See agenthost check."
    names = {"agenthost", *(each.distribution for each in plan.agents), *(each.distribution for each in plan.set_aside)}
    names |= {each.distribution for each in plan.plugins}
    for name, requirement, has in unmet(sorted(names)):
        says = f"{name} requires {requirement}, but {f'{has} is installed' if has else 'it is not installed'}"
        yield PROBLEM, says, str(installer().install(requirement))


def _integrity(_: Config, __: HostPlan) -> Iterator[tuple[str, str, str]]:
    hosted = hosted_distributions()
    for says, fix in unrecorded(hosted):
        yield WARNING, says, fix
    for says, fix in differing(hosted):
        yield PROBLEM, says, fix


def _state_dir(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    path = config.host.state_dir
    if not os.path.exists(path):
        return  # created at the first start, with mode 0700
    found = os.stat(path)
    if not stat.S_ISDIR(found.st_mode):
        yield PROBLEM, f"state_dir {path} is not a directory", "Set state_dir in [host] to a directory."
    elif not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        yield PROBLEM, f"state_dir {path} cannot be written by this user", f"chown $(id -u) {shown(path)}"
    else:
        yield from _not_private(path, stat.S_IFDIR)
        for name in sorted(os.listdir(path)):  # noqa: PTH208
            if name in _KEPT or name.endswith(".sock"):
                yield from _not_private(f"{path}/{name}", stat.S_IFSOCK if name.endswith(".sock") else stat.S_IFREG)


def _not_private(path: str, kind: int) -> Iterator[tuple[str, str, str]]:
    try:
        check_private(path, "host.state_dir", kind)
    except ConfigurationError as error:
        says, _, remedy = str(error).partition(". fix: ")
        yield PROBLEM, says, remedy


def _store(config: Config, plan: HostPlan) -> Iterator[tuple[str, str, str]]:
    if plan.state.problem is not None:
        yield PROBLEM, plan.state.problem, "Install the plugin, or configure another store."
        return
    if config.state.url is None:
        return  # a file that is created on first use

    async def answers() -> None:
        state = HostState(lambda: config)
        state.use(plan.state)
        async with state.opened():
            await state.probe()

    try:
        asyncio.run(answers())
    except AgentHostError as error:
        severity = PROBLEM if config.state.required else WARNING
        writes = "does not accept writes" in str(error)
        remedy = "Make room there, or let url in [state] name a server that accepts writes." if writes else _START_STORE
        yield severity, message_of(error), remedy


def _health(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    health, host = config.health, config.host
    if health.port and health.port == host.port and (health.host or host.host) == host.host:
        yield PROBLEM, f"health.port is the port of the host, {host.port}", "Write another port in [health]."
    elif health.port is None and not loopback(host.host):
        yield (
            WARNING,
            "health has no separate port: a tool that blocks the event loop makes probes fail",
            "Write port = 3001 in [health], and point probes there.",
        )


def _configuration(config: Config, _: HostPlan) -> Iterator[tuple[str, str, str]]:
    for warning in config.warnings:
        says, _dot, remedy = warning.partition(". ")
        yield WARNING, says, remedy or "Correct or remove it."


def _isolation(config: Config, plan: HostPlan) -> Iterator[tuple[str, str, str]]:
    if config.host.debuggable:
        says = "debuggable is on: every process of this user can read the secrets in the memory of the host"
        yield WARNING, says, "Remove debuggable from [host]."
    isolated = [mounted for mounted in plan.agents if mounted.isolation == "process"]
    for says, remedy in weaknesses([each.key for each in isolated if each.config.run_as is None]):
        yield WARNING, says, remedy


CHECKS: dict[str, Callable[[Config, HostPlan], Iterable[tuple[str, str, str]]]] = {
    "configuration": _configuration,
    "public-url": _public_url,
    "credentials": _credentials,
    "keys": _keys,
    "proxies": _proxies,
    "allowed-hosts": _allowed_hosts,
    "workers": _workers,
    "clock": _clock,
    "file-limit": _file_limit,
    "packages": _packages,
    "integrity": _integrity,
    "state-dir": _state_dir,
    "store": _store,
    "health": _health,
    "isolation": _isolation,
}
"""The checks, in order."""


def unmet(names: Iterable[str]) -> Iterator[tuple[str, str, str | None]]:
    """Yield unmet requirements of installed distributions, as ``pip check`` finds them.

    Yields:
        The distribution, its requirement, and the installed version or None.
    """
    for name in names:
        try:
            found: Distribution = distribution(name)
        except (PackageNotFoundError, ValueError):
            continue  # agents of a program
        for line in found.requires or ():
            try:
                required = Requirement(line)
            except InvalidRequirement:
                continue
            if required.marker is not None and not required.marker.evaluate({"extra": ""}):
                continue
            try:
                has = distribution(required.name).version
            except PackageNotFoundError:
                yield name, str(required), None
                continue
            if not required.specifier.contains(has, prereleases=True):
                yield name, str(required), has


def _several_hosts(config: Config) -> bool:
    """Return True if there are probably several hosts, as their store is on the network."""
    return config.state.scheme in _NETWORKED


def _only_inside(name: str) -> bool:
    """Return True for a name or an address of this machine or a private network."""
    try:
        return not ipaddress.ip_address(name).is_global
    except ValueError:
        return name == "localhost" or "." not in name or name.endswith((".localhost", ".local", ".internal", ".lan"))


def _covers(pattern: str, name: str) -> bool:
    return pattern in ("*", name) or (pattern.startswith("*.") and name.endswith(pattern[1:]))


def _unsynchronised() -> bool:
    """Return True if the kernel reports an unsynchronised clock (adjtimex(2))."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        state = ctypes.create_string_buffer(512)  # struct timex, with spare room. Modes 0 only reads
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.adjtimex(state) < 0:
            return False
    except (OSError, AttributeError):
        return False
    # modes (4 of 8), offset, freq, maxerror, esterror: long each; then status: int
    offset = 5 * ctypes.sizeof(ctypes.c_long)
    return bool(int.from_bytes(state.raw[offset : offset + 4], sys.byteorder) & _STA_UNSYNC)
