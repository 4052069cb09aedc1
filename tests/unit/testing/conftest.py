"""The fixtures of the pytest plugin, also where agenthost is not installed."""

from agenthost.testing.pytest_plugin import agenthost_async_host, agenthost_host

__all__ = ["agenthost_async_host", "agenthost_host"]
