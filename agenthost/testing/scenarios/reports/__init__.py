"""Reports of scenarios: JUnit, and a page with pictures of calls."""

from __future__ import annotations

__all__: list[str] = []
