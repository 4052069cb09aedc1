"""Turns of conversations that outlive their process, by DBOS on SQLite or PostgreSQL."""

from __future__ import annotations

from agenthost_dbos.plugin import Durable

__all__ = ["Durable"]
