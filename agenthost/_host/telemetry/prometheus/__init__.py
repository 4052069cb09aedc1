"""Metrics in the form for Prometheus, imported when something is counted."""
