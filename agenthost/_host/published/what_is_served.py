"""Names of what is served, and of what should be, for health.

They can be passed to another process, which imports nothing else for them.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["QuarantinedPlugin", "ServedAgent", "UnservedAgent"]


@frozen
class ServedAgent:
    """A served agent."""

    key: str
    name: str
    route: str
    full_key: str = ""


@frozen
class UnservedAgent:
    """An agent that should be served and is not."""

    agent: str
    package: str
    version: str
    state: str
    """``quarantined`` or ``conflict``."""


@frozen
class QuarantinedPlugin:
    """A plugin that should be used and is not."""

    plugin: str
    package: str
    version: str
