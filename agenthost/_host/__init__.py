"""From installed packages to a plan, and from a plan to a served host."""
