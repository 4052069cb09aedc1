"""Has the name of another plugin, and opens stores that something else opens too."""

from attrs import frozen

from agenthost import StateProvider, hookimpl


async def open_nothing(url, options):
    raise ConnectionError(url)


class Namesake:
    @frozen
    class Settings:
        town: str

    def __init__(self, settings):
        self.town = settings.town

    @hookimpl
    def state_providers(self):
        return [StateProvider(("sqlite",), open_nothing)]
