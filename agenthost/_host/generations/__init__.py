"""Generations: the packages that are hosted, and the processes that serve one plan of them."""
