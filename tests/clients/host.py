"""A host for clients of ``/v1``, whose model acts by rules.

Usage: python tests/clients/host.py PORT DIRECTORY
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agenthost import AgentBase, AgentServer
from agenthost.testing import Calls, Fails, Says, ScriptedModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing import Step

PASSWORD = "clients are tried here"
FILLED = {"string": "Oslo", "integer": 3, "number": 3, "boolean": True, "array": [], "object": {}}
failed: set[str] = set()


class Shop(AgentBase):
    """A shop that takes orders."""

    def __init__(self) -> None:
        super().__init__("shop", "/shop", description="A shop that takes orders")
        self.orders = 0
        self.enable_mcp_server()
        self.prompt_add_section("Role", "You help customers of a shop.")

    @AgentBase.tool
    def order(self, item: str) -> str:
        """Order something.

        Args:
            item: What to order
        """
        self.orders += 1
        return f"{item}, order number {self.orders}"


def act(body: Mapping[str, Any]) -> Step:
    """Return the answer of the model to a request."""
    messages, tools = body["messages"], [each["function"] for each in body.get("tools", ())]
    said = [each["content"] for each in messages if each["role"] == "user"]
    said = [text for text in said if not text.startswith("Background for")]
    text, last = said[-1] if said else "", messages[-1]
    choice = body.get("tool_choice", "auto")
    theirs = [tool for tool in tools if tool["name"] != "order"]
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    if "flaky" in text and text not in failed:
        failed.add(text)
        return Fails(503)
    if last["role"] == "tool" and "late" in text and text not in failed:
        failed.add(text)
        return Fails(503)
    if last["role"] == "tool" and choice == "auto":
        return Says(filled(body)) if "response_format" in body else Says(f"The result is: {last['content']}.")
    if named or choice == "required":
        tool = next((each for each in tools if each["name"] == named), None) or theirs[-1]
        return Calls(tool["name"], value_of(tool["parameters"], tool["parameters"]))
    if "weather" in text.lower() and (tool := next((t for t in theirs if "weather" in t["name"].lower()), None)):
        return Calls(tool["name"], value_of(tool["parameters"], tool["parameters"]))
    if text.startswith("Order"):
        return Calls("order", {"item": text.removeprefix("Order ").strip(" .")})
    if "response_format" in body:
        return Says(filled(body))
    return Says(f"You have written {len(said)} times.")


def filled(body: Mapping[str, Any]) -> str:
    """Return JSON that fits the format of a request."""
    import json  # noqa: PLC0415

    schema = body["response_format"].get("json_schema", {}).get("schema", {})
    return json.dumps(value_of(schema, schema) or {"city": "Oslo", "days": 3})


def value_of(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """Return a value that fits a schema."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return value_of((root.get("$defs") or root.get("definitions"))[name], root)
    if "properties" in schema:
        return {name: value_of(each, root) for name, each in schema["properties"].items()}
    if "enum" in schema:
        return schema["enum"][0]
    options = schema.get("anyOf") or [schema]
    return FILLED.get(options[0].get("type"))


def main() -> None:
    """Serve until the process is ended."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    os.chdir(directory)
    with ScriptedModel(then=act) as model:
        toml = f'[models]\ndefault = "m"\n[models.m]\nkind = "openai"\nurl = "{model.url}"\nretries = 0\n'
        Path("agenthost.toml").write_text(f'[host]\npassword = "{PASSWORD}"\nstate_dir = "state"\n{toml}', "utf-8")
        Path("agenthost.toml").chmod(0o600)
        server = AgentServer()
        server.register(Shop())
        server.register(AgentBase("sales", "/sales", description="Sells"))
        server.run(host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
