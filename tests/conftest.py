"""Makes this folder importable, for what unit and e2e tests share."""
