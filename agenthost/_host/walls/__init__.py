"""Walls: what the processes of isolated agents can reach, as the kernel enforces it."""
