"""Hosts in the test's process, and calls to them."""

__all__: list[str] = []
