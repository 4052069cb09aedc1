"""The host of ``agenthost simulate``: an agent in this process, or a URL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import click
from attrs import frozen

from agenthost.errors import ModelRefused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agenthost._host.config.schema import Config
    from agenthost.conversation.models import ChatModel
    from agenthost.testing.platform import Client

__all__ = ["Opened", "open_agent", "open_url"]

_HERE = "127.0.0.1:3000"


@frozen
class Opened:
    """A host that can be called.

    Args:
        client: the way to it.
        route: the route of the agent, or its SIP address.
        model: the model that answers as the agents' model.
    """

    client: Client
    route: str
    model: ChatModel


@asynccontextmanager
async def open_agent(config: Config, agent: str, model: str | None) -> AsyncIterator[Opened]:
    """Serve the agents of a configuration in this process, without a port.

    Raises:
        PlanError: no such agent, or it cannot be served.
        click.UsageError: there is no such model.
    """
    from agenthost._host.runtime.background_thread import in_background_thread
    from agenthost._host.runtime.find_agent import find_agent
    from agenthost._host.runtime.start import installed_plan, make_runtime, with_secrets
    from agenthost._web.front import Front
    from agenthost.testing.platform import AsgiClient
    from agenthost.testing.scenarios.many import loop_lag_unlogged

    sip = agent.startswith(("sip:", "sips:"))
    runtime = make_runtime(with_secrets(config))
    front = Front(runtime, sip_path=config.sip.path)
    if sip:
        plan = await in_background_thread(lambda: front.assemble(installed_plan(config)))
        route, chosen = agent, None
    else:
        plan, found = await in_background_thread(lambda: find_agent(config, agent))
        plan, route, chosen = front.assemble(plan), found.route, found.model
    credentials = runtime.credentials
    pair = f"{quote(credentials.user, safe='')}:{quote(credentials.password, safe='')}"
    public = str(config.host.public_url) if config.host.public_url else ""
    try:
        answering = plan.models.find(model or chosen)
    except ModelRefused as error:
        raise click.UsageError(str(error)) from error
    with loop_lag_unlogged():
        async with front.opened(plan):
            yield Opened(AsgiClient(front, f"http://{pair}@{_HERE}", (public,) if public else ()), route, answering)


@asynccontextmanager
async def open_url(url: str, public_urls: tuple[str, ...], others: tuple[str, ...] = ()) -> AsyncIterator[Opened]:
    """Call the agent at a URL. Credentials are in the URL, or in SignalWire's variables."""
    from agenthost.builtin.offline.model import OfflineModel
    from agenthost.testing.platform import HttpClient, SeveralHosts
    from agenthost.testing.platform.http.sockets import with_known_credentials

    parts = urlsplit(with_known_credentials(url))
    base = f"{parts.scheme}://{parts.netloc}"
    async with SeveralHosts(HttpClient(base, public_urls), *map(HttpClient, others)) as client:
        yield Opened(client, parts.geturl(), OfflineModel())
