"""What a request reads: the published plan, health, shared state, tokens, reload."""
