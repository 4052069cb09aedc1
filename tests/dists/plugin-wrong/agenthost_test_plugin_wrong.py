"""Does not fit the hooks of this host."""

from agenthost import hookimpl


class UnknownHook:
    @staticmethod
    @hookimpl
    def agent_made(agent):
        pass


class UnknownArgument:
    @staticmethod
    @hookimpl
    def configure_app(app_config, colour):
        pass
