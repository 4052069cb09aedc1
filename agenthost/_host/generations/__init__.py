"""Generations: which packages are hosted, and the processes that serve one plan of them."""
