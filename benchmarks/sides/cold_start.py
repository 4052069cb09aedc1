"""A cold start: imports, one agent, and one event of AWS Lambda.

Run it with the name of the package: ``agenthost``, or ``signalwire`` by a Python that has signalwire-sdk.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from importlib import import_module
from typing import Any

os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "desk"
os.environ["SIGNALWIRE_LOG_MODE"] = "off"

package = import_module(sys.argv[1])
OK = 200
CREDENTIALS = ("benchmark", "for-the-loopback-only")


class SalesAgent(package.AgentBase):  # type: ignore[misc,name-defined]
    """The sales agent, with prices."""

    def __init__(self) -> None:
        super().__init__(name="sales", route="/sales", basic_auth=CREDENTIALS)
        self.prompt_add_section("Role", "You are a sales representative for TechCorp.")
        self.add_language("English", "en-US", "rime.marsh")

    @package.AgentBase.tool(
        description="Get pricing information",
        parameters={
            "type": "object",
            "properties": {"product": {"type": "string", "description": "The product the caller asks about"}},
            "required": ["product"],
        },
    )
    def get_pricing(self, args: dict[str, Any], raw_data: dict[str, Any] | None = None) -> Any:  # noqa: ARG002
        """Say a price."""
        return package.FunctionResult(f"{args['product']} is $99.")


pair = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
event = {
    "version": "2.0",
    "rawPath": "/sales",
    "rawQueryString": "",
    "headers": {
        "authorization": f"Basic {pair}",
        "content-type": "application/json",
        "host": "function.lambda-url.example",
    },
    "requestContext": {
        "http": {"method": "POST", "path": "/sales", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        "stage": "$default",
        "domainName": "function.lambda-url.example",
    },
    "body": json.dumps({"call": {"call_id": "7c1fd0c4-6c2b-4d5e-9a53-0f6a7b1c2d3e"}}),
    "isBase64Encoded": False,
}
answer = SalesAgent().run(event, None)
sys.exit(not (answer["statusCode"] == OK and "sales representative" in answer["body"]))
