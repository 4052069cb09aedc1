"""The offline model's reading of messages: wishes and arguments."""

__all__: list[str] = []
