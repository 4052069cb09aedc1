"""Recorded calls: redacted, stored, listed and read."""
