"""Processes: the socket, connections, the template, workers, and the health port."""
