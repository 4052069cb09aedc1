"""The offline model's reading of messages: wishes and arguments."""
