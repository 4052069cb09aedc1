"""The page of a scenario of an agent, where it can be run.

It runs in a process of its own.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from agenthost._host.access.principals import OBSERVE, OPERATE
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost._web.console.agents.described import without_secrets
from agenthost._web.console.agents.found_scenarios import found_scenarios
from agenthost._web.console.agents.scenario_results import keep_result, last_results
from agenthost._web.console.audit import audit
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agenthost._host.packages.stages import Mounted
    from agenthost._web.console.agents.found_scenarios import FoundScenario
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer, Request

__all__ = ["listed_scenarios", "scenario_page"]

_MOST = 4096
"""The longest form, in bytes."""
_MOST_PROBLEMS, _MOST_LINES, _LONGEST = 20, 20, 500


async def listed_scenarios(request: Request, agent: Mounted | None) -> list[dict[str, Any]]:
    """Return the scenarios of an agent that the principal may see, with their last results."""
    if agent is None or not agent.built_yet or not request.may(OBSERVE, agent):
        return []
    found = await asyncio.to_thread(found_scenarios, request.published.plan, agent)
    results = await asyncio.to_thread(last_results, request.rules.settings.config) if found else {}
    return [_row(agent, each, results.get(each.file)) for each in found]


async def scenario_page(asked: PageRequest) -> Answer:
    """Return the page of a scenario with its last result.

    For its form, it is run first.

    Raises:
        Refused: there is no such scenario; 403 for those who may not run it.
    """
    request, (key, name) = asked.request, asked.names
    agent = request.published.plan.find(key)
    row = next((each for each in await listed_scenarios(request, agent) if each["name"] == name), None)
    if agent is None or row is None:
        raise Refused(404)
    allowed, kept = request.may(OPERATE, agent), True
    if asked.posted:
        if not allowed:
            raise request.forbidden(OPERATE)
        await asked.form(_MOST)
        audit(request, "run scenario", agent=key, words=f"runs scenario {name} of {key}")
        row["last"] = await _run(asked, agent, row)
        row["of"] = ""
        kept = await asyncio.to_thread(keep_result, request.rules.settings.config, row["file"], row["last"])
    row["text"] = SecretRedactor(request.rules.settings.config).redacted(without_secrets(row["text"]))
    if asked.as_json:
        return asked.json(row)
    reason, token = "", asked.token() if allowed else ""
    if not allowed:
        reason = gettext("Running a scenario needs credentials with the scope operate for this agent.")
    return await asked.page("scenario", key=key, scenario=row, reason=reason, token=token, kept=kept, now=time.time())


def _row(agent: Mounted, found: FoundScenario, last: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a scenario as data.

    ``of`` says what its last result is of, if that has changed since.
    """
    changed = ""
    if last is not None and last.get("digest") != found.digest:
        changed = gettext("of an earlier content of the file")
    elif last is not None and last.get("version") != agent.version:
        changed = gettext("of version {version}").format(version=last.get("version"))
    told = {"name": found.name, "title": found.title, "file": found.file, "digest": found.digest, "text": found.text}
    return {**told, "last": last, "of": changed}


async def _run(asked: PageRequest, agent: Mounted, row: Mapping[str, Any]) -> dict[str, Any]:
    """Run a scenario, and return its result."""
    began = time.monotonic()
    done = await asked.commands.run_alone("test", row["file"], "--json", "--jobs", "1")
    report, reason = done.report()
    verdict = report[0] if isinstance(report, list) and report else {"passed": False}
    problems = list(_problems(verdict)) if "runs" in verdict else [{"message": without_secrets(reason), "lines": []}]
    return {
        "passed": verdict["passed"] is True,
        "problems": problems[:_MOST_PROBLEMS],
        "when": time.time(),
        "seconds": round(time.monotonic() - began, 1),
        "by": asked.request.principal.name,
        "version": agent.version,
        "digest": row["digest"],
    }


def _problems(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for run in verdict["runs"]:
        for each in run["problems"]:
            lines = [f"expected: {line}" for line in each["expected"]] + [f"actual: {line}" for line in each["actual"]]
            yield {
                "message": without_secrets(f"{each['kind']}: {each['message']}")[:_LONGEST],
                "lines": [without_secrets(line)[:_LONGEST] for line in lines[:_MOST_LINES]],
            }
