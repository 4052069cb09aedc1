"""The pytest plugin: fixtures that import nothing until a test asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost.testing.hosts.async_host import AsyncHermeticHost
    from agenthost.testing.hosts.host import HermeticHost

__all__ = ["agenthost_async_host", "agenthost_host"]


@pytest.fixture
def agenthost_host() -> Iterator[HermeticHost]:
    """Serve agents in memory, see ``agenthost.testing.HermeticHost``."""
    from agenthost.testing.hosts.host import HermeticHost  # noqa: PLC0415 - only for tests that use it

    with HermeticHost() as host:
        yield host


@pytest.fixture
def agenthost_async_host() -> Iterator[AsyncHermeticHost]:
    """Serve agents in memory for asynchronous tests, see ``agenthost.testing.AsyncHermeticHost``."""
    from agenthost.testing.hosts.async_host import AsyncHermeticHost  # noqa: PLC0415 - only for tests that use it

    host = AsyncHermeticHost()
    yield host
    host.close()
