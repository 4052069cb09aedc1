"""A directory for a program: its configuration and its state."""

from __future__ import annotations


def work_in(directory, patch, file):
    """Work in a directory with a configuration and a state directory.

    ``patch`` undoes what it changes in the process. Only the owner may read the file.
    """
    patch.chdir(directory)
    patch.setenv("AGENTHOST_STATE_DIR", str(directory / "state"))
    path = directory / "agenthost.toml"
    path.write_text(file, encoding="utf-8")
    path.chmod(0o600)
