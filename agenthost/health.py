"""Probes: repeated health checks of a serving host, and their evaluation (wire.md, section 5).

Everything here is pure. ``agenthost._host.runtime.probing`` runs the checks.
"""

from __future__ import annotations

import math
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, overload

import attrs
from attrs import field, frozen

from agenthost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from agenthost.secret import Secret

__all__ = [
    "HostVitals",
    "Outcome",
    "Probe",
    "ProbeResult",
    "Standing",
    "Status",
    "Verdict",
    "aggregate",
    "outcome_of",
    "probe",
    "probes_of",
]

F = TypeVar("F", bound="Callable[..., Any]")

_MARK = "_agenthost_probe"
_DAY = 86400
_LONGEST_NAME = 64


@frozen
class ProbeResult:
    """A result of a probe, with a reason for the log.

    Args:
        ok: whether the check succeeded.
        reason: the reason for a failure, for the log only.
    """

    ok: bool = True
    reason: str = ""


@frozen(eq=False)
class HostVitals:
    """The host's own state, for checks with one parameter.

    Args:
        ping_state: returns if the store of shared state answers or is not in use, and raises otherwise.
        loop_lag: returns the longest recent lag of the event loop, in seconds.
        state_dir: the state directory of the host.
        state_url: the URL of the store.
    """

    ping_state: Callable[[], Awaitable[None]]
    loop_lag: Callable[[], float]
    state_dir: str
    state_url: Secret


def _text(_: Probe, attribute: attrs.Attribute[str], value: object) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable() or len(value) > _LONGEST_NAME:
        raise DefinitionError(
            f"probe {value!r}: {attribute.name} must be a word such as 'calendar', at most {_LONGEST_NAME} characters."
        )


def _callable(probe: Probe, _: attrs.Attribute[Any], value: object) -> None:
    if not callable(value):
        raise DefinitionError(f"probe {probe.name!r}: check must be a function, not {type(value).__name__}.")


def _seconds(probe: Probe, attribute: attrs.Attribute[float], value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not 0 < value <= _DAY:  # type: ignore[operator]
        raise DefinitionError(
            f"probe {probe.name!r}: {attribute.name} must be a number of seconds above 0, up to {_DAY}, not {value!r}."
        )


def _times(probe: Probe, attribute: attrs.Attribute[int], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise DefinitionError(f"probe {probe.name!r}: {attribute.name} must be 1 or more, not {value!r}.")


def _flag(probe: Probe, attribute: attrs.Attribute[bool], value: object) -> None:
    if not isinstance(value, bool):
        raise DefinitionError(f"probe {probe.name!r}: {attribute.name} must be True or False, not {value!r}.")


def _agent(probe: Probe, _: attrs.Attribute[str | None], value: object) -> None:
    if value is not None and not (isinstance(value, str) and value):
        raise DefinitionError(f"probe {probe.name!r}: agent must be the name of an agent, or None, not {value!r}.")


@frozen(eq=False)
class Probe:
    """A named check that a host repeats in the background.

    The check is a function, which runs in a thread, or a coroutine function, which runs on the event loop. It fails by
    raising, by returning False or a ``ProbeResult`` that is not ok, and by exceeding its timeout. It succeeds by
    returning None, True or a ``ProbeResult`` that is ok. Any other value is a mistake, and counts as a failure.

    Args:
        name: a word, such as ``calendar``, shown in details.
        check: takes no argument, or a ``HostVitals``.
        timeout: timeout of the check, in seconds.
        interval: seconds between two checks, varied by about a tenth.
        critical: whether the host, or the probe's agent, gets no requests while it fails. Otherwise, it is degraded.
        agent: key, name or route of the agent that it belongs to. None for the host itself.
        failures: checks in a row that must fail before the probe counts as failing.
        successes: checks in a row that must succeed before the probe is ok again.
        startup: whether it runs only until it has succeeded, and its owner counts as starting until then.

    Raises:
        DefinitionError: a field is wrong.
    """

    name: str = field(validator=_text)
    check: Callable[..., Any] = field(validator=_callable, repr=False)
    timeout: float = field(default=1.0, validator=_seconds, kw_only=True)
    interval: float = field(default=5.0, validator=_seconds, kw_only=True)
    critical: bool = field(default=False, validator=_flag, kw_only=True)
    agent: str | None = field(default=None, validator=_agent, kw_only=True)
    failures: int = field(default=2, validator=_times, kw_only=True)
    successes: int = field(default=1, validator=_times, kw_only=True)
    startup: bool = field(default=False, validator=_flag, kw_only=True)


@overload
def probe(function: F, /) -> F: ...
@overload
def probe(
    function: None = None,
    /,
    *,
    name: str | None = None,
    timeout: float = 1.0,
    interval: float = 5.0,
    critical: bool = False,
    failures: int = 2,
    successes: int = 1,
    startup: bool = False,
) -> Callable[[F], F]: ...
def probe(
    function: F | None = None,
    /,
    *,
    name: str | None = None,
    timeout: float = 1.0,
    interval: float = 5.0,
    critical: bool = False,
    failures: int = 2,
    successes: int = 1,
    startup: bool = False,
) -> F | Callable[[F], F]:
    """Make a method of an agent a probe, as a bare decorator or with arguments.

    Args:
        function: the method, which takes only ``self``.
        name: its name in details. Defaults to the method's name.
        timeout: see ``Probe``.
        interval: see ``Probe``.
        critical: see ``Probe``.
        failures: see ``Probe``.
        successes: see ``Probe``.
        startup: see ``Probe``.

    Raises:
        DefinitionError: an argument is wrong.
    """

    def mark(method: F) -> F:
        word = name if name is not None else getattr(method, "__name__", "probe")
        made = Probe(
            word,
            method,
            timeout=timeout,
            interval=interval,
            critical=critical,
            failures=failures,
            successes=successes,
            startup=startup,
        )
        setattr(method, _MARK, made)
        return method

    return mark if function is None else mark(function)


def probes_of(agent: object) -> tuple[Probe, ...]:
    """Return the probes that an agent declares as methods, base classes first.

    Raises:
        DefinitionError: two of them have the same name.
    """
    found: dict[str, Probe] = {}
    for owner in reversed(type(agent).__mro__):
        own = _own_probes(owner)
        for attribute in (found.keys() & vars(owner).keys()) - own.keys():
            del found[attribute]  # the subclass has overridden it
        found |= own
    names = [made.name for made in found.values()]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise DefinitionError(f"{type(agent).__name__}: two of its probes are called {twice!r}. fix: rename one.")
    return tuple(attrs.evolve(made, check=getattr(agent, attribute)) for attribute, made in found.items())


@lru_cache
def _own_probes(owner: type) -> Mapping[str, Probe]:
    """Return the marked methods of one class, cached because all agents share ``AgentBase``."""
    marked = {
        attribute: getattr(value, _MARK, getattr(getattr(value, "__func__", None), _MARK, None))
        for attribute, value in vars(owner).items()
    }
    return {attribute: made for attribute, made in marked.items() if isinstance(made, Probe)}


@frozen
class Outcome:
    """The outcome of one check.

    Args:
        ok: whether the check succeeded.
        error: class of the exception, or one word for another failure, or empty.
        reason: the reason for a failure, for the log only.
        seconds: the duration.
    """

    ok: bool
    error: str = ""
    reason: str = ""
    seconds: float = 0.0


def outcome_of(returned: object) -> Outcome:
    """Convert the return value of a check."""
    if returned is None or returned is True:
        return Outcome(ok=True)
    if returned is False:
        return Outcome(ok=False, error="False", reason="it returned False")
    if isinstance(returned, ProbeResult) and isinstance(returned.ok, bool):
        return Outcome(returned.ok, "" if returned.ok else "ProbeResult", returned.reason)
    return Outcome(
        ok=False,
        error="nonsense",
        reason=f"it returned {type(returned).__name__} object; return None, True, False or a ProbeResult",
    )


_WELL = Outcome(ok=True)


class Status(Enum):
    """The status of a probe, after its thresholds."""

    PENDING = "pending"
    OK = "ok"
    FAILING = "failing"


@frozen
class Standing:
    """The status of a probe after its checks so far.

    Args:
        status: the status.
        streak: number of latest checks that contradict ``status``.
        last: the outcome of the latest check.
        since: time of the last change of ``status``, in seconds since the epoch.
    """

    status: Status = Status.PENDING
    streak: int = 0
    last: Outcome = _WELL
    since: float = 0.0

    def after(self, outcome: Outcome, probe: Probe, now: float) -> Standing:
        """Return the standing after one more check.

        The first check decides alone, unless a start waits for it.

        Args:
            outcome: the outcome of the check.
            probe: the probe, for its thresholds.
            now: seconds since the epoch.
        """
        says = Status.OK if outcome.ok else Status.FAILING
        if says is self.status:
            return Standing(says, 0, outcome, self.since)
        needed = probe.successes if outcome.ok else probe.failures
        waits = probe.startup and not outcome.ok
        if self.status is Status.PENDING and not waits:
            needed = 1
        streak = self.streak + 1
        if streak < needed:
            return Standing(self.status, streak, outcome, self.since)
        return Standing(says, 0, outcome, now)


@frozen
class Verdict:
    """The health of a host and its agents, derived from all probes.

    Args:
        started: whether the start waits for no probe.
        host: the status of the host's own probes: ``ok``, ``degraded`` or ``failing``.
        agents: status by key of each agent that is not ``ok``: ``degraded`` or ``failing``.
        pending: keys of agents that are failing only because a critical probe has not run yet.
        host_pending: whether this holds for the host.
    """

    started: bool = True
    host: str = "ok"
    agents: Mapping[str, str] = field(factory=dict)
    pending: frozenset[str] = frozenset()
    host_pending: bool = False

    def of(self, key: str) -> str:
        """Return the status of an agent."""
        return self.agents.get(key, "ok")

    def ready(self, keys: Iterable[str]) -> bool:
        """Return False if the host fails, or all agents with these keys do."""
        return self.host != "failing" and any(self.agents.get(key) != "failing" for key in keys)

    def status(self, keys: Iterable[str]) -> str:
        """Return the status of a host with agents of these keys."""
        if not self.ready(keys):
            return "failing"
        return "degraded" if self.host != "ok" or self.agents else "ok"


def aggregate(standings: Iterable[tuple[Probe, Standing]]) -> Verdict:
    """Derive the verdict from the standings of all probes.

    A critical probe that has not run yet counts as failing. A start waits for a probe of the host until it has
    succeeded, and for one of an agent until it is decided, so that one agent never keeps the others from starting.

    Args:
        standings: each probe, with ``agent`` as the agent's key, and its standing.
    """
    started = True
    groups: dict[str | None, list[tuple[bool, Status]]] = {}
    for made, standing in standings:
        if made.startup and (
            standing.status is Status.PENDING or (made.agent is None and standing.status is Status.FAILING)
        ):
            started = False
        groups.setdefault(made.agent, []).append((made.critical or made.startup, standing.status))
    said = {group: _of_group(members) for group, members in groups.items()}
    waiting = {
        group for group, members in groups.items() if said[group] == "failing" and (True, Status.FAILING) not in members
    }
    return Verdict(
        started,
        said.pop(None, "ok"),
        {key: status for key, status in said.items() if key is not None and status != "ok"},
        frozenset(key for key in waiting if key is not None),
        None in waiting,
    )


def _of_group(members: Iterable[tuple[bool, Status]]) -> str:
    worst = "ok"
    for critical, status in members:
        if critical and status is not Status.OK:
            return "failing"
        if status is Status.FAILING:
            worst = "degraded"
    return worst
