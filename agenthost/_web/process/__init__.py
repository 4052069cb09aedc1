"""Processes: the socket, connections, workers, and the health port."""
