"""Status of a running host: each process, all of them together, and the problems with their fixes."""
