"""Offers an agent that it does not have."""
