"""Conversations in text: turns, models, classifiers, escalation detectors, redaction."""
