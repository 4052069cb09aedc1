"""agenthost: install agent packages, type ``agenthost run``, and every agent is served at its own route."""

from __future__ import annotations

__version__ = "0.1.0"
