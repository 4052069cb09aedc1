"""From loaded packages to a frozen plan: mount, routes, workflows, models, classifiers, store."""
