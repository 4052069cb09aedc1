"""Imports what only its extra brings: pip install 'agenthost-test-missing-extra[calendar]'."""

import caldav

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="missing-extra", route="/missing-extra")
        self.client = caldav.DAVClient()
