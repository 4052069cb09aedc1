"""Functions for the processes of a race.

Processes that are spawned import them by name.
"""

from __future__ import annotations

from agenthost._host.access.generated_secrets import kept_secret, new_signing_key


def race(barrier, state_dir, results):
    """Ask for the key at the moment when everybody does."""
    barrier.wait(timeout=60)
    results.put(kept_secret(state_dir, "signing_key", new_signing_key).reveal())
