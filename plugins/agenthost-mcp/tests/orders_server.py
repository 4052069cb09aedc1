"""An MCP server on standard input and output, which starts at once."""

from __future__ import annotations

import json
import os
import sys
import time

NUMBER = {"type": "object", "properties": {"number": {"type": "integer"}}, "required": ["number"]}
NOTHING = {"type": "object", "properties": {}}
TOOLS = {"find_order": NUMBER, "fail": NOTHING, "sleep": NOTHING, "stop": NOTHING}


def called(name, arguments):
    """Return the result of a tool."""
    if name == "stop":
        os._exit(1)
    if name == "sleep":
        time.sleep(60)
    carrier = os.environ.get("CARRIER", "by post")
    text = "a secret detail" if name == "fail" else f"Order {arguments.get('number')} is on its way, {carrier}."
    return {"content": [{"type": "text", "text": text}], "isError": name == "fail"}


def answer(method, params):
    """Return the result of a request, or None for an unknown method."""
    if method == "initialize":
        offered = {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}}
        return {**offered, "serverInfo": {"name": "orders", "version": "1"}}
    if method == "tools/list":
        tools = [{"name": name, "description": f"Tool {name}.", "inputSchema": TOOLS[name]} for name in TOOLS]
        return {"tools": tools}
    return called(params["name"], params.get("arguments") or {}) if method == "tools/call" else None


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        result = answer(message["method"], message.get("params") or {})
        error = {"error": {"code": -32601, "message": "unknown method"}}
        said = {"jsonrpc": "2.0", "id": message["id"], **(error if result is None else {"result": result})}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
