"""Was made for another agenthost, so nobody may import it."""

raise AssertionError("imported in spite of Requires-Dist: agenthost>=99")
