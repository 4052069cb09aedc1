"""Offers something that is no agent."""

Agent = {"name": "not-an-agent", "route": "/not-an-agent"}
