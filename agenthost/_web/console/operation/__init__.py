"""Pages about the operation of the host."""
