"""Runs a program out of tests/data/seeds on a port: ``launch.py PROGRAM PORT``.

A program is run as it stands. Two things are done around it: ``server.run()`` is called with this test's address, since
many programs name port 3000; and what a document leaves to its reader is supplied, in ``BEFORE`` as names that the
program uses, in ``AFTER`` as what its reader would write below it.
"""

import datetime as dt
import os
import sys
import types
from functools import partialmethod
from pathlib import Path
from unittest import mock

import redis
from starlette.responses import JSONResponse

from agenthost import AgentBase, AgentServer, SwaigFunctionResult


def server_of(*names):
    """A server with agents that have nothing but a name."""
    server = AgentServer()
    for name in names:
        server.register(AgentBase(name=name, route=f"/{name}"))
    return server


def for_readiness():
    """Return a server and the checks of its dependencies.

    One check fails while a file called ``down`` exists.
    """
    return {
        "server": server_of("sales", "support"),
        "JSONResponse": JSONResponse,
        "check_database": lambda: not Path("down").exists(),
        "check_external_api": lambda: True,
    }


def for_redis():
    """The second agent, and the test's own server behind the address that the document names."""

    class Elsewhere(redis.Redis):
        def __init__(self, *, host, port):
            assert (host, port) == ("localhost", 6379)
            super().__init__(unix_socket_path=os.environ["REDIS_SOCKET"])

    class AnotherAgent(AgentBase):
        def __init__(self, redis_client):
            super().__init__(name="another-agent")
            self.redis = redis_client

        @AgentBase.tool(description="Tell the shared value")
        def tell(self, args, raw_data):
            return SwaigFunctionResult(str((self.redis.get("shared_key") or b"nothing").decode()))

    redis.Redis = Elsewhere
    return {"AnotherAgent": AnotherAgent}


def for_hours():
    """The agents of day and night."""

    class LiveAgent(AgentBase):
        def __init__(self):
            super().__init__(name="live")

    class AfterHoursAgent(AgentBase):
        def __init__(self):
            super().__init__(name="afterhours")

    return {"LiveAgent": LiveAgent, "AfterHoursAgent": AfterHoursAgent}


def run_server(names):
    """The line that the document leaves out: ``server.run()``."""
    names["server"].run()


def run_agents(*classes):
    """A server of some of the program's agents."""

    def run(names):
        server = AgentServer()
        for each in classes:
            server.register(names[each]())
        server.run()

    return run


def run_sessions(names):
    """The constructor of the document's agents, and tools that call their methods."""
    shared = {"sessions": {}}
    one, two = names["Agent1"]("one", "/one"), names["Agent2"]("two", "/two")
    one.shared = two.shared = shared
    one.define_tool("store", "", {}, lambda args, raw: one.store_customer(raw["call_id"], args["name"]))
    two.define_tool("tell", "", {}, lambda args, raw: two.get_customer(raw["call_id"]).get("name", "nobody"))
    server = AgentServer()
    server.register(one)
    server.register(two)
    server.run()


def run_redis(names):
    """The tool that the document calls ``some_handler``."""
    agent = names["server"].get_agent("/agent1")
    agent.define_tool("some_handler", "", {}, agent.some_handler)
    names["server"].run()


def run_hours(names):
    """The document's "custom router": a routing callback, at an hour that the request names."""
    hours = names["TimeSensitiveServer"]()

    def choose(body, headers):
        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz=None):
                return cls(2026, 3, 2, body["hour"], tzinfo=tz)

        with mock.patch("datetime.datetime", Clock):
            return hours.get_current_agent_route()

    hours.server.register_global_routing_callback(choose, "/now")
    hours.server.run()


BEFORE = {
    "readiness": for_readiness,
    "default_route": lambda: {"server": server_of("sales")},
    "redis_state": for_redis,
    "time_based": for_hours,
}
AFTER = {
    "readiness": run_server,
    "default_route": run_server,
    "shared_dictionary": run_server,
    "language_routing": run_agents("EnglishAgent", "SpanishAgent"),
    "department_router": run_agents("RouterAgent"),
    "session_sharing": run_sessions,
    "redis_state": run_redis,
    "time_based": run_hours,
}


def main():
    program, port = Path(sys.argv[1]), int(sys.argv[2])
    AgentServer.run = partialmethod(AgentServer.run, host="127.0.0.1", port=port)
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    names = vars(module)
    names.update(BEFORE.get(program.stem, dict)(), __file__=str(program))
    exec(compile(program.read_text(), program, "exec"), names)  # noqa: S102 - that the program runs is the point
    AFTER.get(program.stem, lambda _: None)(names)


main()
