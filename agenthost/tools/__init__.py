"""Tools: declaration, signature, arguments, and their form on the wire."""

from __future__ import annotations

__all__: list[str] = []
