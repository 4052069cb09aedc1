"""The platform as a client of a host: whole calls, offline."""

from __future__ import annotations

__all__: list[str] = []
