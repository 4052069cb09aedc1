"""What ships switched on or within reach, written against the public API alone."""

from __future__ import annotations

__all__: list[str] = []
