"""Exports: files for systemd, Kubernetes and container engines."""
