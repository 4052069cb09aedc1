"""Makes agents in code, and adds an endpoint and pages of the console."""

from litestar import get

from agenthost import AgentBase, ConsolePage, hookimpl


class Branch(AgentBase):
    def __init__(self, town):
        super().__init__(name=f"branch-{town}", route=f"/branches/{town}")
        self.prompt_add_section("Role", f"You answer for {town}.")
        self.define_tool("town", "Say which town this is", {}, lambda args: town)


@get("/branches", sync_to_thread=False)
def branches() -> list[str]:
    return ["berlin", "paris"]


@hookimpl
def agents():
    return [Branch(town) for town in ("berlin", "paris")]


@hookimpl
def configure_app(app_config):
    app_config.route_handlers.append(branches)


async def towns():
    return [{"town": "berlin", "motto": "<b>be</b> Berlin"}, {"town": "paris", "open": True}]


def fails():
    raise LookupError("the table is gone")


@hookimpl
def console_pages():
    return [ConsolePage("towns", "Towns & more", towns), ConsolePage("fails", "Fails", fails)]
