"""The installer of this environment: pip, uv, uv tool or pipx, and the commands that it understands."""
