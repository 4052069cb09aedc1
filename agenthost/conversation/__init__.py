"""Conversations in text: turns, models, classifiers, escalation detectors, redaction."""

from __future__ import annotations

__all__: list[str] = []
