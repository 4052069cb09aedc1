"""Secrets in log records: their parts, and hiding them."""
