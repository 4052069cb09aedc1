"""The installer of this environment: pip, uv, uv tool or pipx, and its commands."""
