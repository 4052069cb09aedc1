"""Installed packages: selection, import, instantiation, plugins, and diagnosis of failures."""
