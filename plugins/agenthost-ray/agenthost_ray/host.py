"""The host in a replica, narrowed to some agents."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from agenthost_ray.contents import digest_of, digest_of_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

    from agenthost import AgentHostPlugin

__all__ = ["HostInReplica", "run_request"]

_HTTP = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "root_path": ""}
"""The part of ASGI scopes that all requests share."""
_WAITING = 16
"""Pieces of an answer that wait for a slow client."""


class HostInReplica:
    """The whole host in this process, which serves some of the agents.

    Args:
        agents: their keys. Without any, it serves what this environment can build.
        config: the path of the configuration file, or None.
        digests: by key, the digest of the package that was deployed, and under an empty key, of the configuration. A
            replica with another one does not start. An empty digest is not compared.
    """

    def __init__(self, agents: Sequence[str], config: str | None, digests: Mapping[str, str]) -> None:
        self._agents, self._config, self._digests = tuple(agents), config, dict(digests)
        self._opening = asyncio.Lock()
        self._over = asyncio.Event()
        self._living: asyncio.Task[None] | None = None
        self._plugin: AgentHostPlugin | None = None
        self._app: Any = None

    @property
    def is_open(self) -> bool:
        """Return True from its opening to its end."""
        return self._living is not None and not self._living.done()

    async def opened(self) -> Any:
        """Return the host as an ASGI application, built at the first call.

        Raises:
            RuntimeError: an agent is not served here, with the reason.
            AgentHostError: the configuration cannot be used here.
        """
        async with self._opening:
            if self._app is None:
                built = asyncio.get_running_loop().create_future()
                self._living = asyncio.create_task(self._live(built))
                self._plugin, self._app = await built
        return self._app

    async def _live(self, built: asyncio.Future[Any]) -> None:
        """Keep the host open, in one task from its beginning to its end."""
        try:
            plugin, app = self._made()
            async with app.lifespan():
                self._refuse(plugin.report()["agents"])
                built.set_result((plugin, app))
                await self._over.wait()
        except Exception as error:
            if built.done():
                raise
            built.set_exception(_cause(error))

    def _made(self) -> tuple[AgentHostPlugin, Any]:
        from litestar import Litestar  # noqa: PLC0415 - in the replica, by its own runtime_env

        from agenthost import AgentHostPlugin  # noqa: PLC0415 - as above

        os.environ["AGENTHOST_AGENTS"] = ",".join(self._agents)  # a replica is a process of its own
        plugin = AgentHostPlugin(config=self._config)
        return plugin, Litestar(plugins=[plugin], openapi_config=None, logging_config=None)

    def _refuse(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Refuse to serve without an agent, or with another generation of it.

        Raises:
            RuntimeError: an agent is not served here, with the reason.
        """
        if self._differs("", digest_of_settings(self._config)):
            raise RuntimeError(f"{self._config} or its lock file {_CHANGED}")
        found = {row["agent"]: row for row in rows}
        for key in self._agents:
            row = found.get(key, {"state": "not installed"})
            if row["state"] != "ready":
                fix = row.get("remedy") or "install its package on every machine, or in its runtime_env"
                why = ": ".join(filter(None, (row["state"], row.get("reason"))))
                raise RuntimeError(f"agent {key} is not served here: {why}. fix: {fix}")
            if self._differs(key, digest_of(row["package"])):
                raise RuntimeError(f"agent {key} is not served here: {row['package']} {_CHANGED}")

    def _differs(self, name: str, digest: str) -> bool:
        return self._digests.get(name, "") not in ("", digest)

    async def answer(self, request: Mapping[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return status, headers and body of the answer to a request."""
        pieces = self.pieces(request)
        status, headers = await anext(pieces)
        return status, headers, b"".join([piece async for piece in pieces])

    async def pieces(self, request: Mapping[str, Any]) -> AsyncIterator[Any]:
        """Yield status and headers of an answer, then its body, piece by piece."""
        app = await self.opened()
        messages: asyncio.Queue[Mapping[str, Any] | Exception | None] = asyncio.Queue(_WAITING)
        over = asyncio.Event()

        async def disconnected() -> dict[str, Any]:
            await over.wait()
            return {"type": "http.disconnect"}

        async def run() -> None:
            try:
                await run_request(app, request, disconnected, messages.put)
            except Exception as error:  # noqa: BLE001 - it is raised to the caller
                await messages.put(error)
            else:
                await messages.put(None)

        running = asyncio.create_task(run())
        try:
            while (message := await messages.get()) is not None:
                if isinstance(message, Exception):
                    raise message
                if message["type"] == "http.response.start":
                    yield message["status"], [(bytes(k), bytes(v)) for k, v in message.get("headers", ())]
                elif body := message.get("body", b""):
                    yield bytes(body)
        finally:
            over.set()
            running.cancel()

    def metrics(self) -> str:
        """Return the metrics of this host."""
        return self._plugin.metrics().decode() if self._plugin is not None else ""

    async def close(self) -> None:
        """End the lifespans."""
        self._over.set()
        if self._living is not None:
            await self._living


_CHANGED = "has changed since it was deployed. fix: agenthost ray deploy"


async def run_request(
    app: Any, request: Mapping[str, Any], after: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[Any]]
) -> None:
    """Let an ASGI application answer a request that has arrived whole.

    ``after`` returns what comes after the body.
    """
    given = False

    async def receive() -> Any:
        nonlocal given
        if given:
            return await after()
        given = True
        return {"type": "http.request", "body": request["body"], "more_body": False}

    await app({**_HTTP, **request["scope"]}, receive, send)


def _cause(error: Exception) -> Exception:
    """Return the error in the groups that task groups of a lifespan put it into."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
