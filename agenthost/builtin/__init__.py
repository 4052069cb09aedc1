"""Built-in plugins, written against the public API alone."""

from __future__ import annotations

__all__: list[str] = []
