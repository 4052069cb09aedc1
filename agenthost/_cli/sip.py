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
    from agenthost._host.published.sip_resolver import SipResolver
    from agenthost._host.runtime.start import start_logging
    from agenthost._host.status.sip import decided
    from agenthost._host.telemetry.metrics import Metrics
    from agenthost.sip import user_of

    asked: dict[str, Any] = {"to": uri, "from": from_, "headers": pairs(headers, "--header")}
    start_logging(config, for_people=True)
    plan = _plan(config)
    resolver = SipResolver(plan.routing(), plan.extensions.resolve_sip, Metrics())
    answer = asyncio.run(decided(plan, resolver, asked, moment))
    served, user = answer["route"] is not None, user_of(uri)
    if as_json:
        print_json({"user": user, **answer})
    else:
        end = f"{answer['agent']} {answer['route']} · ready" if served else "no agent: 404"
        echo(f"{user.casefold() if user else 'no user part'} → {answer['reason']} → {end}")
    sys.exit(ExitCode.OK if served else ExitCode.FINDINGS)


@command.command("list")
@config_file
@as_json
def list_(file: str | None, as_json: bool) -> None:
    """List everything that decides who answers SIP calls, in order of precedence."""
    config = configuration(file)
    from agenthost._host.operations.terminal import table
    from agenthost._host.status.sip import deciding

    plan = _plan(config)
    rows = deciding(plan, plan.routing())
    if as_json:
        print_json(rows)
        return
    print_warnings(plan.warnings)
    if not rows:
        echo("No agent is reachable by SIP: there are no agents, rules or plugins that decide.")
        return
    columns = ("decided_by", "callers", "agent", "route")
    echo(table(("decided by", *columns[1:]), [([row[name] or "–" for name in columns], "") for row in rows]))


def _plan(config: Config) -> HostPlan:
    from agenthost._host.runtime.start import accepted, installed_plan

    leave_log_out()
    return accepted(config, installed_plan(config))


def _moment(text: str | None) -> datetime | None:
    """Parse the time of a call.

    Raises:
        click.UsageError: the text is not a time.
    """
    from agenthost._host.status.sip import moment_of

    try:
        return moment_of(text) if text is not None else None
    except ValueError as error:
        raise click.UsageError(f"--at {error}") from None
