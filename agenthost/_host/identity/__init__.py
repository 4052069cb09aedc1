"""Identity of requests: the turn, the conversation or the tool call that each belongs to."""
