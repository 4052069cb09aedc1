"""``/v1``: agents in text, in the form of OpenAI's API."""
