"""``agenthost sip resolve`` and ``agenthost sip list``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, leave_log_out, print_json, print_warnings
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from datetime import datetime

    from agenthost._host.config.schema import Config
    from agenthost._host.plan.plan import HostPlan

__all__ = ["command"]


@click.group("sip")
def command() -> None:
    """Resolve a SIP address, or list the rules that decide."""


@command.command("resolve")
@click.argument("uri")
@config_file
@as_json
@click.option(
    "--at",
    metavar="TIME",
    help='Time of the call: "Sat 10:00", in the time zone of each rule, or an ISO date and time. [default: now]',
)
@click.option("--from", "from_", metavar="ADDRESS", help="Number or SIP address of the caller.")
@click.option("--header", "headers", metavar="NAME=VALUE", multiple=True, help="A SIP header; repeatable.")
def resolve(
    uri: str, file: str | None, as_json: bool, at: str | None, from_: str | None, headers: tuple[str, ...]
) -> None:
    """Print the agent that answers a call to URI, and the rule that decides.

    URI is an address such as sip:sales@example.com or tel:+4930123, a number or a user part. Exit code 1: no agent
    answers.
    """
    config = configuration(file)
    moment = _moment(at)
    import asyncio

    from agenthost._cli.parts.options import pairs
    from agenthost._host.runtime.sip_resolver import SipResolver
    from agenthost._host.runtime.start import start_logging
    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.sip import SipCall, user_of

    asked: dict[str, Any] = {"to": uri, "from": from_, "headers": pairs(headers, "--header")}
    start_logging(config, for_people=True)
    plan = _plan(config)
    time = None if moment is None else moment if moment.tzinfo else moment.astimezone()
    call = SipCall.of(asked, time)
    decision = asyncio.run(SipResolver(plan.routing(), plan.extensions.resolve_sip, Metrics()).resolve(call, moment))
    agent = plan.find(decision.agent) if decision.agent is not None else None
    user = user_of(uri)
    if as_json:
        print_json(
            {
                "user": user,
                "decided_by": decision.label,
                "reason": decision.reason,
                "agent": decision.agent,
                "route": agent.route if agent is not None else None,
                "not_served": decision.missed,
            }
        )
    else:
        end = f"{agent.key} {agent.route} · ready" if agent is not None else "no agent: 404"
        echo(f"{user.casefold() if user else 'no user part'} → {decision.reason} → {end}")
    sys.exit(ExitCode.OK if agent is not None else ExitCode.FINDINGS)


@command.command("list")
@config_file
@as_json
def list_(file: str | None, as_json: bool) -> None:
    """List everything that decides who answers SIP calls, in order of precedence."""
    config = configuration(file)
    from agenthost._host.operations.terminal import table

    plan = _plan(config)
    rows = _rows(plan)
    if as_json:
        print_json(rows)
        return
    print_warnings(plan.warnings)
    if not rows:
        echo("No agent is reachable by SIP: there are no agents, rules or plugins that decide.")
        return
    columns = ("decided_by", "callers", "agent", "route")
    echo(table(("decided by", *columns[1:]), [([row[name] or "–" for name in columns], "") for row in rows]))


def _rows(plan: HostPlan) -> list[dict[str, Any]]:
    routing = plan.routing()

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


def _plan(config: Config) -> HostPlan:
    from agenthost._host.runtime.start import accepted, installed_plan

    leave_log_out()
    return accepted(config, installed_plan(config))


def _moment(text: str | None) -> datetime | None:
    """Parse the time of a call.

    A time without a zone is local to whichever rule has hours.

    Raises:
        click.UsageError: the text is not a time.
    """
    if text is None:
        return None
    from datetime import datetime, timedelta

    from agenthost.sip.hours import DAYS

    day, _, time = text.strip().partition(" ")
    number = next((n for n, name in enumerate(DAYS) if name.casefold() == day.casefold()), None)
    try:
        if number is None:
            return datetime.fromisoformat(text.strip())
        clock = datetime.strptime(time.strip(), "%H:%M").time()  # noqa: DTZ007 - a time without a zone is meant
    except ValueError:
        msg = f'--at {text}: write a day and a time such as "Sat 10:00", or 2026-11-21T10:00 with or without +01:00.'
        raise click.UsageError(msg) from None
    today = datetime.now().astimezone().replace(tzinfo=None)
    return datetime.combine(today.date() + timedelta(days=(number - today.weekday()) % 7), clock)
