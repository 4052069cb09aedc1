"""Data maps: functions that the platform runs itself."""

from __future__ import annotations

__all__: list[str] = []
