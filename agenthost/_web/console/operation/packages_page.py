"""The page of packages: what is set aside, owners, lock differences, and the quality scale."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from agenthost._host.generations.record import read_record
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["packages_page"]

_BROKEN = ("quarantined", "conflict")


async def packages_page(asked: PageRequest) -> Answer:
    """Return the page of packages, examined if the query has ``examine``."""
    status, config = await asked.status(), asked.request.rules.settings.config
    told: dict[str, Any] = {
        "set_aside": _set_aside(status),
        "differing": status["differing"],
        "owners": await asyncio.to_thread(_owners, config),
        "examined": asked.query("examine") is not None,
        "lock": None,
        "scale": None,
        "problems": [],
    }
    if told["examined"]:
        for name, command in (("lock", ("diff", "--json")), ("scale", ("check", "--scale", "--json"))):
            result = await asked.commands.run(config, *command)
            told[name], problem = result.report()
            told["problems"] += [problem] if problem else []
    return asked.json(told) if asked.as_json else await asked.page("packages", **told)


def _set_aside(status: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the agents and plugins that are not served, with their fixes."""
    agents = [
        {"name": each["agent"], **{name: each[name] for name in ("package", "version", "reason", "remedy")}}
        for each in status["agents"]
        if each["state"] in _BROKEN
    ]
    plugins = [
        {"name": each["plugin"], "package": each["plugin"].partition(":")[0], "version": ""}
        | {"reason": each["reason"], "remedy": each["remedy"]}
        for each in status["plugins"]
    ]
    return [*agents, *plugins]


def _owners(config: Config) -> list[dict[str, Any]]:
    """Return the short keys with their packages, routes and SIP aliases."""
    try:
        return read_record(config).rows()
    except (AgentHostError, OSError):
        return []
