"""Requests of the platform: clients, deliveries, retries, faults and recorded answers."""
