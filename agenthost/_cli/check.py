"""``agenthost check``."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from agenthost._cli.parts.first_agent import first_agent
from agenthost._cli.parts.options import as_json, config_file, configuration, sourced
from agenthost._cli.parts.output import echo, leave_log_out, print_json, print_warnings
from agenthost._host.operations.terminal import AGENT_COLUMNS, agent_rows, failed_plugins, table
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from agenthost._host.authoring.failures import Part
    from agenthost._host.config.schema import Config
    from agenthost._host.packages.diagnosis import Diagnosis

__all__ = ["command"]


@click.command("check")
@click.argument("target", required=False, type=click.Path())
@config_file
@as_json
@click.option("--traceback", is_flag=True, help="Print the traceback of each failure: the lines of its author's files.")
@click.option("--scale", is_flag=True, help="Rate packages from bronze to platinum: TARGET, or all that are installed.")
@click.option(
    "--strict", is_flag=True, default=None, help="Exit with 4 on any problem, as run --strict would refuse to start."
)
def command(
    target: str | None, file: str | None, as_json: bool, traceback: bool, scale: bool, strict: bool | None
) -> None:
    """Load everything as run does, without serving, and report.

    TARGET is a file with agents or a folder with pyproject.toml, which is loaded as if it was installed.

    Exit codes: 0 everything can be served, 1 there are problems or no packages, 3 the configuration is wrong, 4 there
    are problems and --strict is set.
    """
    config = configuration(file, strict=strict)
    from agenthost._host.operations.child_process import survive
    from agenthost._host.runtime.start import with_secrets

    leave_log_out()
    config = with_secrets(config)
    with sourced(target) as source:
        work = partial(_check, config, as_json, traceback)
        if scale:
            from agenthost._cli.parts.check_scale import check_scale

            work = partial(check_scale, config, source, as_json)
        sys.exit(survive(config.host.state_dir, work))


def _check(config: Config, as_json: bool, traceback: bool, deadly: Mapping[str, Diagnosis]) -> int:
    from agenthost._discovery import AGENTS, COMMANDS, PLUGINS, SKILLS, discover
    from agenthost._host.authoring.failures import accepted_parts, parts_of, tracebacks
    from agenthost._host.authoring.findings import PAGE
    from agenthost._host.authoring.lint import lint, lint_metadata
    from agenthost._host.runtime.start import accepted, installed_plan, make_runtime
    from agenthost._web.front import Front

    plan = accepted(config, Front(make_runtime(config)).assemble(installed_plan(config, deadly, serving=True)))
    report = plan.report()
    misspelt = [str(finding) for finding in lint_metadata()]
    offers = discover((AGENTS, PLUGINS, SKILLS))
    parts = accepted_parts(config, parts_of(discover((COMMANDS, SKILLS)), config.host.build_timeout))
    findings = [*plan.findings, *map(str, lint(plan, offers))]
    empty = not report["agents"] and not parts and all(each.distribution == "agenthost" for each in offers)
    count = report["problems"] + len(misspelt) + sum(each.diagnosis is not None for each in parts)
    found = tracebacks(plan, parts) if traceback else {}
    if as_json:
        told = {"warnings": [*report["warnings"], *misspelt], "findings": findings, "problems": count}
        listed = {"parts": [each.report() for each in parts]}
        print_json(report | listed | told | ({"tracebacks": found} if traceback else {}))
    elif report["agents"]:
        echo(table(AGENT_COLUMNS, agent_rows(report)))
    elif empty:
        echo(first_agent())
    if not as_json:
        for line in (*failed_plugins(report), *_part_lines(report, parts)):
            echo(line)
        for name, lines in found.items():
            echo(f"\n{name}:\n{lines}")
        print_warnings((*plan.warnings, *findings, *misspelt))
        if len(findings) > len(plan.findings):
            echo(f"agenthost docs {PAGE} explains the rules.", err=True)
        if not empty or count:
            echo("No problems." if not count else f"{count} problem{'s' * (count > 1)}.")
    return ExitCode.FINDINGS if count or empty else ExitCode.OK


def _part_lines(report: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[str]:
    """Yield skills and commands that failed, or everything that works where there are no agents."""
    for each in parts:
        if each.diagnosis is not None:
            yield f"  {each}: {each.diagnosis.reason}"
            yield f"    fix:  {each.diagnosis.remedy}"
    if report["agents"]:
        return
    for plugin in report["plugins"]:
        if plugin["package"] != "agenthost" and plugin["state"] == "ready":
            yield f"  plugin {plugin['plugin']} ({plugin['package']} {plugin['version']}): ready"
    for each in parts:
        if each.diagnosis is None:
            yield f"  {each}: ready"
