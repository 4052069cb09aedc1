"""The console: pages about a running host."""
