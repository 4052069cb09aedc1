"""The store of a host, for commands that read it without the host."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from agenthost._host.config.schema import Config
    from agenthost.state import Stores

__all__ = ["in_store"]

T = TypeVar("T")


def in_store(config: Config, read: Callable[[Stores], Coroutine[Any, Any, T]], memory: str) -> T:
    """Open the configured store, and read from it.

    ``memory`` says what a store in memory does, up to the words "write url = ...".

    Raises:
        PlanError: the store is in another process's memory, or cannot be opened.
    """
    from agenthost._discovery import PLUGINS, discover
    from agenthost._host.packages.plugins import Plugins
    from agenthost._host.plan.store_provider import choose_provider
    from agenthost._host.runtime.shared_state import HostState
    from agenthost.state import StateProvider

    if config.state.scheme == "memory":
        msg = f'state.url: a memory:// store {memory} write url = "sqlite:///state.db".'
        raise PlanError(msg)
    plugins = Plugins.load(config, discover((PLUGINS,)))
    chosen = choose_provider(config, plugins.values("state_providers", StateProvider), plugins.states)
    if chosen.problem is not None:
        raise PlanError(chosen.problem)
    state = HostState(lambda: config)
    state.use(chosen)

    async def reading() -> T:
        async with state.opened():
            return await read(state.stores)

    return asyncio.run(reading())
