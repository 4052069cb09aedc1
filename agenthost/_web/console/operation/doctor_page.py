"""The page of the doctor: what will cause trouble in production, each with its fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["doctor_page"]


async def doctor_page(asked: PageRequest) -> Answer:
    """Return the page of the doctor, with findings if the query has ``examine``."""
    told: dict[str, Any] = {"examined": asked.query("examine") is not None, "report": None, "problem": ""}
    if told["examined"]:
        result = await asked.commands.run(asked.request.rules.settings.config, "doctor", "--json")
        told["report"], told["problem"] = result.report()
    return asked.json(told) if asked.as_json else await asked.page("doctor", **told)
