"""Runtime: condition, lifespans, probing, shared state, reload."""
