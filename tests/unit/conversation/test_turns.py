"""Turns: whose conversation each belongs to."""

from __future__ import annotations

import pytest

from agenthost._host.text.transcripts import checked
from agenthost.conversation.turns import Turn
from agenthost.errors import ConversationRefused


@pytest.mark.parametrize("principal", ["", "0f3a", ".key-one", "0f3a.key-one"])
def test_no_id_names_the_thread_of_another_principal(principal):
    """A client chooses its ID, which begins with the name of a principal here."""
    threads = {Turn("c-1", "hello", principal=other).thread for other in ("0f3a", ".key-one", "0f3a.key-one")}
    threads.discard(Turn("c-1", "hello", principal=principal).thread)

    for other in ("0f3a", ".key-one", "0f3a.key-one"):
        for separator in "/.:-|":
            assert Turn(f"{other}{separator}c-1", "hello", principal=principal).thread not in threads
        with pytest.raises(ConversationRefused):
            checked(f"{other} c-1", "hello")
