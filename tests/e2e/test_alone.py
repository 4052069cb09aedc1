"""Programs that serve an agent by itself, and what they print."""

import signal
import stat
from textwrap import dedent
from urllib.parse import urlsplit

import pytest
from banner import Banner
from caller import Caller, functions
from environment import NO_CREDENTIALS
from ports import free_port
from programs import running

AGENT = """
    import sys
    from agenthost import AgentBase, AgentServer

    class Desk(AgentBase):
        @AgentBase.tool
        def hello(self) -> str:
            "Say hello."
            return "Hello."

    port = int(sys.argv[1])
"""


@pytest.fixture
def run(tmp_path):
    """Runs a program that ends with the lines given, on a port of its own."""

    def run(lines, status=0, **more):
        (tmp_path / "program.py").write_text(dedent(AGENT) + dedent(lines))
        port = free_port()
        return running(tmp_path, tmp_path / "program.py", str(port), port=port, more=more, status=status)

    return run


def hello(served, route="/", credentials=None):
    """Return the answer of the tool, called at the URL in its document."""
    caller = Caller(served.url, credentials or served.credentials)
    url = functions(caller.document(route, "c-1"))["hello"]["web_hook_url"]
    assert urlsplit(url).path == f"{route.rstrip('/')}/swaig/"
    return caller.call(url, "hello", {}, "c-1")


@pytest.mark.parametrize(
    ("lines", "route"),
    [
        ('Desk("desk", host="127.0.0.1", port=port).run()', "/"),
        ('Desk("desk", "/desk", port=1).run(host="127.0.0.1", port=port)', "/desk"),
        ('Desk("desk").serve("127.0.0.1", port)', "/"),
    ],
)
def test_an_agent_alone(run, lines, route):
    with run(lines) as served:
        assert hello(served, route) == {"response": "Hello."}
        assert served.status("/ready") == 200


def test_an_agent_behind_another_server(run):
    """Its application is for any ASGI server, here uvicorn, which ends by the signal itself."""
    lines = 'import uvicorn; uvicorn.run(Desk("desk").get_app(), port=port, log_level="error")'
    with run(lines, status=-signal.SIGTERM) as served:
        assert hello(served) == {"response": "Hello."}
        assert served.status("/health") == 200


def test_configuration_says_where_an_agent_is_that_does_not(tmp_path):
    port = free_port()
    (tmp_path / "program.py").write_text(dedent(AGENT) + 'Desk("desk").run()')
    with running(tmp_path, "program.py", str(port), port=port, more={"PORT": str(port)}) as served:
        assert Banner.of(served).url == served.url


def test_what_an_agent_brings(run):
    """Its credentials replace the host's.

    With its own secret no secret is kept. Neither is shown.
    """
    lines = 'Desk("desk", port=port, basic_auth=("me", "hunter2"), swaig_secret="hunter3").run()'
    with run(lines) as served:
        said = hello(served, credentials=("me", "hunter2"))
        refused = Caller.of(served).ask("GET", "/").status
        banner = Banner.of(served)

    assert (said, refused) == ({"response": "Hello."}, 401)
    assert (banner.user, banner.password) == ("me", None)
    assert "hunter" not in served.stdout + served.stderr
    assert not (served.directory / "state").exists()


def test_a_made_password_is_neither_printed_to_a_pipe_nor_logged(run):
    """A program's banner is that of the command.

    The password in the file works, and only its owner can read it.
    """
    lines = """
        server = AgentServer(port=port, log_level="debug")
        server.register(Desk("desk"), "/desk")
        server.run()
    """
    with run(lines, **NO_CREDENTIALS) as served:
        banner = Banner.of(served)
        assert hello(served, "/desk", (banner.user, banner.password)) == {"response": "Hello."}

    assert served.stdout == banner.text
    assert banner.password not in served.stdout
    assert banner.agents == {
        "desk": {"route": "/desk", "tools": "1", "sip": "–", "package": "program", "state": "ready"}
    }
    assert banner.password not in served.stderr
    assert stat.S_IMODE((served.directory / "state" / "password").stat().st_mode) == 0o600


def test_a_program_warns(run):
    """Of what reaches nobody, and of what has no effect."""
    lines = """
        server = AgentServer(port=port)
        server.register(Desk("one", sip=("help",)), "/one")
        server.register(Desk("two", sip=("help",)), "/two")
        server.run()
    """
    with run(lines, AGENTHOST_WORKERS="2") as served:
        Banner.of(served)

    assert "SIP alias 'help' is claimed by one and two" in served.stderr
    served.once_logged("host.workers has no effect: a program that calls run() serves in one process")


def test_agents_that_come_while_a_program_starts(run):
    """None that a thread registers around the start is lost."""
    lines = """
        import threading
        server = AgentServer(port=port)

        def register():
            for number in range(100):
                server.register(Desk(f"a{number}"), f"/a{number}")

        server.register(Desk("first"), "/first")
        threading.Thread(target=register).start()
        server.run()
    """
    with run(lines) as served:
        Banner.of(served)
        caller = Caller.of(served)
        for _ in range(200):
            if (told := caller.ask("GET", "/health").json)["agents"] == 101:
                break

    assert told["agents"] == 101
