"""Requests to servers with an API of OpenAI's form."""

__all__: list[str] = []
