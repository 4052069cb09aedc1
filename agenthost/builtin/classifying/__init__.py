"""The built-in classifiers, imported when they are used."""

from __future__ import annotations

__all__: list[str] = []
