"""``agenthost check --scale``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from agenthost._cli.parts.output import echo, print_json
from agenthost._discovery import discover
from agenthost._host.authoring.package_facts import facts_of
from agenthost._host.authoring.scale import rate
from agenthost._host.generations.manifest import by_distribution
from agenthost._host.runtime.start import installed_plan
from agenthost.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.diagnosis import Diagnosis

__all__ = ["check_scale"]


def check_scale(config: Config, wanted: str | None, as_json: bool, deadly: Mapping[str, Diagnosis]) -> int:
    """Rate one distribution, or all that are installed, and print the ratings."""
    offers = by_distribution(discover())
    plan = installed_plan(config, deadly)
    isolated = installed_plan(evolve(config, host=evolve(config.host, isolation="process")), deadly)
    ratings = [rate(facts_of(name, found, plan, isolated)) for name, found in offers.items() if wanted in (None, name)]
    if as_json:
        print_json([each.report() for each in ratings])
    else:
        for rating in ratings:
            for line in rating.lines():
                echo(line)
    return ExitCode.OK
