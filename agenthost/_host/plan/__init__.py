"""Planning: from loaded packages to a frozen plan of routes, workflows, models and the store."""
