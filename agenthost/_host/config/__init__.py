"""Configuration: agenthost.toml, environment and options, read into frozen values."""
