"""A spare process imports the host before it is needed."""

from __future__ import annotations

import pytest
from polling import poll_until

from agenthost._host.generations.template_process import SpareProcess

pytestmark = pytest.mark.slow


def test_it_waits_until_it_is_taken():
    """Preparing twice starts one process, and ending it ends what waits."""
    spare = SpareProcess()
    spare.prepare()
    spare.prepare()
    child, channel = spare.take()
    assert child.is_alive()
    channel.close()
    poll_until(lambda: not child.is_alive(), 30)

    spare.prepare()
    waiting = spare._waiting
    spare.end()
    spare.end()
    assert waiting is not None
    assert not waiting[0].is_alive()
