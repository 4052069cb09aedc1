"""The host of a scenario: in memory for it alone, or at a URL."""

from __future__ import annotations

import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from agenthost._hermetic.files import agents_in_file
from agenthost._hermetic.host import HostParts, ServedInMemory
from agenthost.errors import ConfigurationError
from agenthost.testing.platform.http.asgi import AsgiClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agenthost.testing.platform.http.client import Client
    from agenthost.testing.scenarios.scenario import Scenario

__all__ = ["open_host"]

_ADDRESS = "agenthost.test"


@asynccontextmanager
async def open_host(scenario: Scenario) -> AsyncIterator[Client]:
    """Open the hosts of a scenario.

    Raises:
        ConfigurationError: the scenario names no host, or the configuration is wrong.
        PlanError: an agent fails.
    """
    others = scenario.host.other_urls
    async with _opened(scenario) as client:
        if not others:
            yield client
            return
        from agenthost.testing.platform.http.several import SeveralHosts  # noqa: PLC0415 - as below
        from agenthost.testing.platform.http.sockets import HttpClient  # noqa: PLC0415 - aiohttp, only for a URL

        async with SeveralHosts(*(HttpClient(url) for url in others)) as elsewhere:
            yield SeveralHosts(client, elsewhere)


@asynccontextmanager
async def _opened(scenario: Scenario) -> AsyncIterator[Client]:
    spec = scenario.host
    if spec.url:
        from agenthost.testing.platform.http.sockets import HttpClient, with_known_credentials  # noqa: PLC0415 - aiohttp, only for a URL

        async with HttpClient(with_known_credentials(spec.url), spec.public_urls) as client:
            yield client
        return
    if not spec.files and not spec.installed:
        msg = (
            f"{scenario.file}: there is no host to call. "
            'fix: [host] files = ["agent.py"], installed = ["agenthost-frontdesk"], or url = "https://..."'
        )
        raise ConfigurationError(msg)
    agents = tuple((agent, None) for name in spec.files for agent in agents_in_file(scenario.file.parent, name))
    with tempfile.TemporaryDirectory(prefix="agenthost-scenario-") as folder:
        parts = HostParts(spec.config, agents=agents, distributions=spec.installed)
        async with ServedInMemory.opened(parts, Path(folder)) as served:
            pair = f"{quote(served.user, safe='')}:{quote(served.password, safe='')}"
            yield AsgiClient(served.app, f"http://{pair}@{_ADDRESS}", spec.public_urls)
