"""Agents in processes of their own: the host's side, and the side of the process."""
