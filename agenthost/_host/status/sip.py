"""SIP for people: the agent that answers a call, and everything that decides."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from agenthost.sip import SipCall
from agenthost.sip.hours import DAYS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.published.sip_resolver import SipResolver
    from agenthost.sip.resolving import Routing

__all__ = ["decided", "deciding", "moment_of"]


async def decided(
    plan: HostPlan, resolver: SipResolver, asked: Mapping[str, Any], moment: datetime | None
) -> dict[str, Any]:
    """Decide about a call as the host does, without counting it.

    ``asked`` has ``to``, ``from`` and ``headers``. Plugins that decide are asked, too. The decision has ``decided_by``,
    ``reason``, ``agent``, ``route`` and ``not_served``.
    """
    time = None if moment is None else moment if moment.tzinfo else moment.astimezone()
    decision = await resolver.resolve(SipCall.of(asked, time), moment)
    agent = plan.find(decision.agent) if decision.agent is not None else None
    return {
        "decided_by": decision.label,
        "reason": decision.reason,
        "agent": decision.agent,
        "route": agent.route if agent is not None else None,
        "not_served": decision.missed,
    }


def deciding(plan: HostPlan, routing: Routing) -> list[dict[str, Any]]:
    """Return everything that decides who answers SIP calls, in order of precedence.

    Each entry has ``decided_by``, ``callers``, ``agent``, ``route`` and ``place``, the line of the configuration.
    """

    def row(decided_by: str, callers: str, agent: str | None, place: str = "") -> dict[str, Any]:
        key = routing.served.get(agent) if agent is not None else None
        found = plan.find(key) if key is not None else None
        route = found.route if found is not None else "not served" if agent is not None else None
        return {"decided_by": decided_by, "callers": callers, "agent": agent, "route": route, "place": place}

    rows = [row(f"hook {plugin}", "decided by the plugin", None) for plugin, _ in plan.extensions.resolve_sip]
    for rule in routing.rules.rules:
        rows.append(row(rule.label, rule.callers, rule.agent, rule.place))
        if rule.otherwise is not None:
            rows.append(row(f"{rule.label}, else", rule.callers, rule.otherwise, rule.place))
    order = sorted(routing.aliases.agents, key=lambda user: (routing.aliases.tiers[user], user))
    rows += [row(routing.origins[user], user, routing.aliases.agents[user]) for user in order]
    rows += [row("conflict", user, None) for user in sorted(routing.aliases.conflicts)]
    if routing.default is not None:
        rows.append(row("default", "everybody else", routing.default, routing.default_place))
    return rows


def moment_of(text: str) -> datetime:
    """Parse the time of a call.

    A time without a zone is local to whichever rule has hours.

    Raises:
        ValueError: the text is not a time.
    """
    day, _, time = text.strip().partition(" ")
    number = next((n for n, name in enumerate(DAYS) if name.casefold() == day.casefold()), None)
    try:
        if number is None:
            return datetime.fromisoformat(text.strip())
        clock = datetime.strptime(time.strip(), "%H:%M").time()  # noqa: DTZ007 - a time without a zone is meant
    except ValueError:
        msg = f'{text}: write a day and a time such as "Sat 10:00", or 2026-11-21T10:00 with or without +01:00.'
        raise ValueError(msg) from None
    today = datetime.now().astimezone().replace(tzinfo=None)
    return datetime.combine(today.date() + timedelta(days=(number - today.weekday()) % 7), clock)
