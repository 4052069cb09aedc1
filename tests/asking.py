"""One request to an ASGI application, as a server would hand it over."""

from __future__ import annotations

import asyncio

import httpx


def ask(app, method, path, *, at="http://host.example", root_path="", auth=None, **options):
    """Return the application's response.

    Args:
        app: the application.
        method: of the request.
        path: of the request.
        at: the address that it is sent to.
        root_path: where the application is mounted.
        auth: the pair that is presented.
        options: the rest of the request, as httpx takes it.
    """

    async def main():
        transport = httpx.ASGITransport(app=app, root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url=at, auth=auth) as client:
            return await client.request(method, path, **options)

    return asyncio.run(main())
