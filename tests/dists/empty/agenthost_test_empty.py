"""A group of agents without entries, so the wheel has no entry points."""
