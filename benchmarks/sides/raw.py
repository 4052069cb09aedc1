"""The other side "raw ASGI": an application that reads the body and returns fixed bytes.

Run it with a port and a JSON file of ``headers`` and ``body``. uvicorn has the same options as in agenthost.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import uvicorn


def answering(headers: list[tuple[bytes, bytes]], body: bytes) -> Any:
    """Return an ASGI application with one fixed response."""

    async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI's signature
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


if __name__ == "__main__":
    answer = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    uvicorn.run(
        answering([(name.encode(), value.encode()) for name, value in answer["headers"]], answer["body"].encode()),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
