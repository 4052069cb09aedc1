"""An entry point whose value is not an agent."""

Agent = {"name": "not-an-agent", "route": "/not-an-agent"}
