"""Identity of requests in text: the turn and the conversation that each belongs to."""
