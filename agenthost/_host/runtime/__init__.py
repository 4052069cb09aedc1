"""Runtime: the published plan, condition, probing, shared state, settings, reload."""
