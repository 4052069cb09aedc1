"""Requests to servers with an API of OpenAI's form."""
