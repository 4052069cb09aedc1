"""The store of an agent that is tried: memory, unless the command line names another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from attrs import evolve

from agenthost.secret import Secret

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["CONFIGURED", "MEMORY", "store_words", "with_store"]

MEMORY = "memory://"
CONFIGURED = "configured"


def with_store(config: Config, state: str) -> Config:
    """Return the configuration with the store that ``--state`` names.

    Raises:
        click.UsageError: it is not the URL of a store.
    """
    from agenthost._host.config.value_types import STORE, Refused

    if state == CONFIGURED:
        return config
    try:
        url = STORE.read(state)
    except Refused as refused:
        msg = f"--state: {refused.reason}, nor the word {CONFIGURED}."
        raise click.UsageError(msg) from refused
    assert isinstance(url, Secret)  # noqa: S101 - the type of this kind
    return evolve(config, state=evolve(config.state, url=url))


def store_words(config: Config, state: str) -> str:
    """Say which store an agent has used."""
    if state == MEMORY:
        return f"The agent used a store in memory, which ends here. --state {CONFIGURED} uses the host's."
    return f"The agent used the store {config.state.scheme}://."
