"""``[host] agents``: some of the installed agents, over workers and reloads."""

import json

from caller import Caller
from polling import poll_until
from ports import free_port

ALL = {"/": "main", "/billing": "billing", "/sales": "sales", "/support": "support"}


def test_some_of_the_installed_agents(desk):
    """A reload serves others, with every worker, and refuses a pattern that matches nothing."""
    place, port = desk.workplace(), free_port()

    def configure(*agents):
        (place / "agenthost.toml").write_text(f"[host]\nagents = {json.dumps(agents)}\n")

    def reload():
        return desk.run("agenthost", "reload", "--port", str(port), cwd=place)

    configure("sales")
    with desk.serve("--only", "main", "--only", "s*", "--workers", "2", cwd=place, port=port) as served:
        caller = Caller.of(served)
        found = {route: caller.ask("GET", route).status for route in ALL}
        assert found == {"/": 200, "/billing": 404, "/sales": 200, "/support": 200}

    configure("sales")
    with desk.serve("--workers", "2", cwd=place, port=port) as served:
        caller = Caller.of(served)

        def here():
            return {name for route, name in ALL.items() if caller.ask("GET", route).status == 200}

        assert here() == {"sales"}
        configure("sales", "b*")
        done = reload()
        assert done.returncode == 0, done.stderr
        poll_until(lambda: here() == {"sales", "billing"})

        configure("sale")
        done = reload()
        assert (done.returncode, here()) == (4, {"sales", "billing"})
        assert "no agent matches 'sale'. Did you mean sales? fix: agenthost agents lists all" in done.stderr

        configure("billing")
        done = reload()
        assert done.returncode == 0, done.stderr
        poll_until(lambda: here() == {"billing"})
        rows = json.loads(desk.run("agenthost", "agents", "--json", cwd=place).stdout)
        assert {row["agent"]: row["state"] for row in rows if row["agent"] in ALL.values()} == {
            "billing": "enabled",
            **dict.fromkeys(("main", "sales", "support"), "elsewhere"),
        }
