"""The pages of the console, by their paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._web.console.acting.act_page import act_page, acts_page
from agenthost._web.console.agents.agent_page import agent_page
from agenthost._web.console.agents.scenario_page import scenario_page
from agenthost._web.console.agents.simulate_page import simulate_page
from agenthost._web.console.agents.tool_page import tool_page
from agenthost._web.console.calls.call_page import call_page
from agenthost._web.console.calls.calls_page import calls_page
from agenthost._web.console.calls.failure_page import failure_page
from agenthost._web.console.calls.scenario_file import scenario_file
from agenthost._web.console.operation.doctor_page import doctor_page
from agenthost._web.console.operation.metrics_page import metrics_page
from agenthost._web.console.operation.overview_page import overview_page
from agenthost._web.console.operation.packages_page import packages_page
from agenthost._web.console.operation.plugin_page import plugin_page
from agenthost._web.console.operation.sip_page import sip_page
from agenthost._web.console.operation.text_pages import conversation_page, text_page

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["Route", "found_route"]

_NAME = r"([^/]+)"


@frozen
class Route:
    """A page: the pattern of its path below ``/-/``, and its answer.

    The answer has the same as JSON for the path with ``.json``. ``posts`` is True if the page takes a form.
    """

    path: str
    answer: Callable[[PageRequest], Awaitable[Answer]]
    posts: bool = False

    def match(self, path: str) -> re.Match[str] | None:
        """Return the match of a path without ``.json``, or None for another page's."""
        return re.fullmatch(self.path, path)


_ROUTES = (
    Route("", overview_page),
    Route(f"agents/{_NAME}", agent_page),
    Route(f"agents/{_NAME}/simulate", simulate_page, posts=True),
    Route(f"agents/{_NAME}/scenarios/{_NAME}", scenario_page, posts=True),
    Route(f"agents/{_NAME}/tools/{_NAME}", tool_page, posts=True),
    Route("calls", calls_page),
    Route("call", call_page),
    Route("call/scenario", scenario_file),
    Route(f"errors/{_NAME}", failure_page),
    Route("acts", acts_page),
    Route(f"acts/{_NAME}", act_page, posts=True),
    Route(f"acts/{_NAME}/{_NAME}", act_page, posts=True),
    Route("charts", metrics_page),
    Route("packages", packages_page),
    Route("doctor", doctor_page),
    Route(f"pages/{_NAME}/{_NAME}", plugin_page),
    Route("text", text_page),
    Route("conversation", conversation_page),
    Route("sip", sip_page),
)


def found_route(path: str) -> tuple[Route, re.Match[str]] | None:
    """Return the page at a path without ``.json``, and the match of its path."""
    for each in _ROUTES:
        if (match := each.match(path)) is not None:
            return each, match
    return None
