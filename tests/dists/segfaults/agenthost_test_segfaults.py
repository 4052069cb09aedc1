"""A package that ends the process while it is imported, like a broken extension.

A variable disables that.
"""

import ctypes
import os

from agenthost import AgentBase

if not os.environ.get("SEGFAULTS_IS_WELL"):
    ctypes.string_at(0)


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="segfaults", route="/segfaults")
        self.prompt_add_section("Role", "You answer tests.")
