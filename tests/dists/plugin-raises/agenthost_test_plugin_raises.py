"""Loads, and then fails in each of its hooks."""

from agenthost import hookimpl


class Making:
    @staticmethod
    @hookimpl
    def agents():
        raise RuntimeError("the table of branches is gone")


class Configuring:
    @staticmethod
    @hookimpl
    def configure_app(app_config):
        app_config.route_handlers.append("no handler")


class Leaving:
    @staticmethod
    @hookimpl
    def agents():
        raise SystemExit(3)


class Giving:
    @staticmethod
    @hookimpl
    def agents():
        return ["berlin"]
