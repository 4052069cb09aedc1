"""Telemetry: log, metrics and traces, and the current call."""
