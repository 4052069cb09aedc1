"""A host of a few lines, for tests of the simulated platform."""

from __future__ import annotations

import json

from agenthost.testing.platform import AsgiClient

BASE = "http://user:pass@host.example"


class SwmlHost:
    """An ASGI application that serves documents and functions, and keeps what it received.

    ``documents`` maps paths to documents or to functions of the request's body. ``functions`` maps names to answers or
    to functions of the body. A path below ``/secret`` needs the credentials.
    """

    def __init__(self, documents=None, functions=None):
        self.documents = documents or {}
        self.functions = functions or {}
        self.received = []
        self.statuses = []

    def client(self):
        return AsgiClient(self, BASE)

    def bodies(self, function):
        """Return the bodies of a function's calls, or of the requests at a path."""
        return [body for path, body, _ in self.received if function in {path, body.get("function")}]

    async def __call__(self, scope, receive, send):
        message = await receive()
        body = json.loads(message["body"] or b"{}")
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        target = scope["path"] + (f"?{scope['query_string'].decode()}" if scope["query_string"] else "")
        self.received.append((target, body, headers))
        status, answer = self._answer(scope["path"], body, headers)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        located = [(b"location", answer["location"].encode())] if status == 307 else []
        await send({"type": "http.response.start", "status": status, "headers": located})
        await send({"type": "http.response.body", "body": raw})

    def _answer(self, path, body, headers):
        if path.startswith("/secret") and "authorization" not in headers:
            return 401, {"error": "Unauthorized"}
        if self.statuses and "function" in body:
            return self.statuses.pop(0), {}
        if "function" in body:
            answer = self.functions.get(body["function"], {"response": "done"})
            return 200, answer(body) if callable(answer) else answer
        if path.endswith("/post_prompt"):
            return 200, {"success": True}
        answer = self.documents.get(path)
        answer = answer(body) if callable(answer) else answer
        if isinstance(answer, dict) and "location" in answer:
            return 307, answer
        return (404, {"error": "Not Found"}) if answer is None else (200, answer)


def document(*verbs, **sections):
    """Return a document."""
    return {"version": "1.0.0", "sections": {"main": list(verbs), **sections}}


def function(name, **more):
    """Return the entry of a function with a URL of its own."""
    url = f"http://user:pass@host.example/swaig?__token={name}%2B"
    return {
        "function": name,
        "description": name,
        "web_hook_url": url,
        "parameters": {"type": "object", "properties": {}},
    } | more


def ai(*functions, **config):
    """Return the verb ``ai`` with some functions."""
    return {
        "ai": {
            "prompt": {"text": "Be brief."},
            "post_prompt_url": "http://user:pass@host.example/post_prompt",
            "SWAIG": {"functions": list(functions)},
            **config,
        }
    }
