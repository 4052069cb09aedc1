"""An agent whose callbacks decide who answers."""

import sys
import time

from agenthost import AgentBase


class Exchange(AgentBase):
    def __init__(self):
        super().__init__(name="exchange", route="/exchange")
        self.prompt_add_section("Role", "You connect callers.")
        self.register_routing_callback(choose, "/choose")
        self.register_routing_callback(choose_later, "later/")
        self.register_routing_callback(fail, "fail")


def choose(body, headers):
    """Return the route in the body, else that in a header."""
    return body.get("to", headers.get("x-to"))


async def choose_later(body, headers):
    return body.get("to")


def fail(body, headers):
    if body["how"] == "hang":
        time.sleep(120)
    if body["how"] == "exit":
        sys.exit(3)
    raise RuntimeError("the exchange is on fire")
