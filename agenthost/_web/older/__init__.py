"""Older generations: calls that began before the workers were replaced, and the processes that still answer them."""
