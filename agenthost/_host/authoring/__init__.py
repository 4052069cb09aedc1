"""Authoring: new projects, and the sources of packages that are being written."""
