"""Contracts: classes of tests that every implementation passes, for pytest."""

__all__: list[str] = []
