"""``agenthost doctor``."""

from __future__ import annotations

import sys

import click

from agenthost._cli.parts.options import as_json, config_file, configuration
from agenthost._cli.parts.output import echo, leave_log_out, print_json
from agenthost.errors import ExitCode

__all__ = ["command"]


@click.command("doctor")
@config_file
@as_json
def command(file: str | None, as_json: bool) -> None:
    """Find what will cause trouble in production, and print the fix for each.

    The doctor checks addresses, credentials, keys, proxies, workers, the clock, limits of the machine, packages, the
    state directory and the store, on the machine where you run it. It changes nothing. Exit codes: 0 no problems,
    1 problems, 3 the configuration is wrong.
    """
    config = configuration(file)
    from agenthost._host.operations.doctor import CHECKS, PROBLEM, examine
    from agenthost._host.runtime.start import installed_plan

    leave_log_out()
    findings = examine(config, installed_plan(config))
    problems = sum(finding.severity == PROBLEM for finding in findings)
    if as_json:
        found = [finding.report() for finding in findings]
        print_json({"findings": found, "problems": problems, "warnings": len(found) - problems, "checks": list(CHECKS)})
    else:
        for finding in findings:
            echo(f"{finding.severity}: {finding.check}: {finding.says}.\n  fix:  {finding.remedy}")
        counts = f"{problems} problem{'s' * (problems != 1)}, {len(findings) - problems} warning"
        echo(f"{len(CHECKS)} checks: {counts}{'s' * (len(findings) - problems != 1)}.")
    sys.exit(ExitCode.FINDINGS if problems else ExitCode.OK)
