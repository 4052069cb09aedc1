"""Opens stores that another plugin opens, too."""

from agenthost import StateProvider, hookimpl


async def open_nothing(url, options):
    raise ConnectionError(url)


@hookimpl
def state_providers():
    return [StateProvider(("redis",), open_nothing)]
