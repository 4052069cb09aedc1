"""Names the group of agents and puts none into it, so its wheel has no entry points at all."""
