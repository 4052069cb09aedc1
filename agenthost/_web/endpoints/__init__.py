"""Endpoints: one file for each kind of path."""
