"""Interpreter of documents: sections, verbs, variables and expressions."""

from __future__ import annotations

__all__: list[str] = []
