"""Status of a running host: its processes, and its problems with their fixes."""
