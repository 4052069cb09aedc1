"""Pictures as SVG: the lanes of a call, and charts."""

from __future__ import annotations

__all__: list[str] = []
