"""Selection: which agents configuration and packages ask for, decided from metadata alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.config.schema import AgentConfig, Config

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Wanted", "select"]


@frozen
class Wanted:
    """An agent that should be served: a candidate under a key.

    Args:
        key: its name in configuration and on the command line.
        candidate: where it comes from.
        config: its section, or an empty one.
    """

    key: str
    candidate: Candidate
    config: AgentConfig


def select(config: Config, candidates: Iterable[Candidate]) -> tuple[tuple[Wanted, ...], dict[str, str]]:
    """Which agents configuration and packages ask for, disabled ones included.

    The key is the entry point's name; where two distributions use one name, both keys are ``distribution:name``.

    Returns:
        The agents, and a sentence for each section of ``[agents]`` that fits none of them.
    """
    offers = [candidate for candidate in candidates if candidate.group == AGENTS]
    taken = Counter(offer.name for offer in offers)
    no_section = AgentConfig()
    asked = [
        Wanted(key, offer, config.agents.get(key, no_section))
        for offer in offers
        for key in [offer.name if taken[offer.name] == 1 else f"{offer.distribution}:{offer.name}"]
    ]
    keys = {item.key for item in asked}
    unfitting = {}
    for key, section in config.agents.items():
        if key in keys:
            if section.use is not None:
                unfitting[key] = f"agents.{key}: use is not looked at: a package offers {key!r}. Choose another name."
            continue
        offer = next((o for o in offers if f"{o.distribution}:{o.name}" == (section.use or key)), None)
        if section.use is None and taken[key] > 1:
            both = " or ".join(f'[agents."{o.distribution}:{o.name}"]' for o in offers if o.name == key)
            unfitting[key] = f"agents.{key}: several packages offer an agent of this name. Write {both}."
        elif offer is None or section.use is None:
            missing = section.use or key
            unfitting[key] = f"agents.{key}: no installed package offers {missing!r}. agenthost agents lists them."
        else:
            asked.append(Wanted(key, offer, section))
    return tuple(asked), unfitting
