"""The built-in plugins."""

from __future__ import annotations

__all__ = ["BUILT_IN", "short_name"]

BUILT_IN = (
    "agenthost.builtin.card_numbers",
    "agenthost.builtin.model_offline",
    "agenthost.builtin.model_openai",
    "agenthost.builtin.classifier_embeddings",
    "agenthost.builtin.classifier_lexical",
    "agenthost.builtin.classifier_llm",
    "agenthost.builtin.escalation",
    "agenthost.builtin.probes",
    "agenthost.builtin.sip_aliases",
    "agenthost.builtin.state_memory",
    "agenthost.builtin.state_sqlite",
)
"""Their modules, which are also their registered names."""


def short_name(module: str) -> str:
    """Return the name of a built-in plugin in lists, such as ``state_sqlite``."""
    return module.rpartition(".")[2]
