"""Runtime: the published plan, condition, probing, shared state, tokens, reload."""
