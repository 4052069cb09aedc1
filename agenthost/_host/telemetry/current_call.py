"""The author's code that runs now, and the call that it runs for."""

from __future__ import annotations

from contextvars import ContextVar

from attrs import frozen

__all__ = ["Author", "calling", "running"]


@frozen(slots=True)
class Author:
    """Whose code it is.

    Args:
        agent: the agent's key.
        what: the part of it, such as ``tool book_visit``.
    """

    agent: str
    what: str


running: ContextVar[Author | None] = ContextVar("agenthost_running", default=None)
"""Whose code runs in this context; tasks that it starts inherit it."""
calling: ContextVar[str] = ContextVar("agenthost_calling", default="")
"""The call that it runs for, by its id; empty where there is none."""
