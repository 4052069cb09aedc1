"""The words of the console that its code chooses.

All others are in the templates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TEXTS"]

TEXTS: Mapping[str, Mapping[str, str]] = {
    "act.reload": {
        "title": "Reload the host",
        "words": "The host reads its configuration and packages again. If an agent would be lost, nothing changes. "
        "Calls in progress stay with the agents they started with.",
        "nothing": "Nothing has changed.",
        "added": "new",
        "changed": "rebuilt",
        "removed": "no longer served",
        "failed": "quarantined",
        "applied": "applied",
        "replaced": "workers replaced",
        "restart": "needs a restart",
    },
    "act.disable": {
        "title": "Disable the agent",
        "words": "New calls no longer reach the agent, also after a restart, until it is enabled again here. Calls in "
        "progress end as they began.",
    },
    "act.enable": {"title": "Enable the agent", "words": "The agent is served again."},
    "act.close-breaker": {
        "title": "Close the circuit breaker",
        "words": "The next call runs the agent's code at once. If the agent goes on failing, its circuit breaker opens "
        "again.",
        "done": "Circuit breakers closed: {number}.",
    },
    "act.forget-caller": {
        "title": "Forget a caller",
        "words": "Recorded calls of this caller are removed from the store of the host. What agents keep "
        "themselves stays.",
        "done": "Records removed: {number}.",
    },
    "simulate": {
        "not served": "The agent is not served.",
        "not allowed": "Calling the agent needs credentials with the scope operate for this agent.",
    },
    "scenario": {
        "not allowed": "Running a scenario needs credentials with the scope operate for this agent.",
        "earlier file": "of an earlier content of the file",
        "earlier version": "of version {version}",
    },
    "act.failed": {
        "words": "Nothing was done: {reason}",
        "unknown": "The host has not answered, and may still do it: {reason}",
        "program": "this host is part of a program. fix: change it in the program",
    },
}
