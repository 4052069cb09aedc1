"""Routers under examination: explanations, and thresholds from labelled messages."""
