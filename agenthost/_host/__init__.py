"""The host: from installed packages to a plan, and from a plan to its runtime."""
