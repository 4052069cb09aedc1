"""Hosts in the test's process, and calls to them."""
