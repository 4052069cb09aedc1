"""Walls around isolated agents, tried as an unprivileged user.

Each row of the table in security.md is a test.
"""

import os
import pwd
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from environment import ROOT
from polling import poll_until
from walled import WITHOUT_LANDLOCK, launched, variables, walled

from agenthost._host.walls.landlock import SIGNALS_SINCE, version

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has walls")

CONFIGURATION = """
[host]
isolation = "process"
tool_timeout = 60.0

[agents.prisoner]
file_limit = 200
memory_limit = 200_000_000
paths = ["data", "models:ro"]

[agents.neighbour]
environment = ["EXAMPLE_SECRET"]
"""
LANDLOCK = version()
PLAIN, FULL, SWITCHED = "`process`", "and Landlock", "and `run_as`"
COLUMNS = (PLAIN, FULL, SWITCHED)


def account():
    """Name a user of the system, other than root, that tests may switch to."""
    return next((each.pw_name for each in pwd.getpwall() if each.pw_uid), None)


@pytest.fixture(scope="module")
def hosts():
    """Start a host of each kind on demand, and keep it for the module."""
    kinds = {
        PLAIN: lambda: walled(CONFIGURATION, before=WITHOUT_LANDLOCK),
        FULL: lambda: walled(CONFIGURATION),
        SWITCHED: lambda: walled(
            CONFIGURATION.replace("file_limit", f'run_as = "{account()}"\nprocess_limit = 40\nfile_limit'),
            before=WITHOUT_LANDLOCK,
            root=True,
        ),
    }
    opened = {}

    def host(kind):
        if kind == FULL and LANDLOCK < SIGNALS_SINCE:
            pytest.skip(f"the kernel has version {LANDLOCK} of Landlock")
        if kind == SWITCHED and os.geteuid():
            pytest.skip("only root may switch to another user")
        if kind not in opened:
            opened[kind] = kinds[kind]()
            opened[kind] = opened[kind], opened[kind].__enter__()
        return opened[kind][1]

    yield host
    for manager, _ in opened.values():
        manager.__exit__(None, None, None)


def environment(host):
    return all(host.fails(f"open('/proc/{pid}/environ', 'rb').read()") for pid in host.pids)


def memory(host):
    attempts = ("open('/proc/{}/mem', 'rb').read(1)", TRACE)
    return all(host.fails(attempt.format(pid)) for attempt in attempts for pid in host.pids)


def descriptors(host):
    return all(host.fails(f"import os\nos.listdir('/proc/{pid}/fd')") for pid in host.pids)


def command(host):
    """Try the control socket from the agent's process, and after a double fork."""
    [path] = host.state.glob("control-*.sock")
    told = [host.attack(each.format(str(path))) for each in (ASK, FORKED)]
    assert host.reload().returncode == 0  # from the same user, outside
    words = ("isolated agents cannot command", "BrokenPipeError", "ConnectionResetError", "PermissionError")
    return all(any(word in each for word in words) for each in told)


def privileges(host):
    return re.findall(r"(?m)^(?:CapEff|CapPrm|NoNewPrivs):\s+(\w+)", host.attack(STATUS)) == ["0" * 16, "0" * 16, "1"]


def neighbour(host):
    """Try the memory of another isolated agent."""
    pid = int(host.attack("import os\nanswer = os.getpid()", "/neighbour"))
    return host.fails(f"open('/proc/{pid}/environ', 'rb').read()") and host.fails(TRACE.format(pid))


def entries(host):
    """Try entries of others. Those of the agent itself and of its call are open."""
    known = set(host.attack(STORE.format(OWN_ENTRIES)).split())
    return known == {"done"} and set(host.attack(STORE.format(OTHER_ENTRIES)).split()) == {"StateRefused"}


def files_opened(host):
    return host.fails("kept = [open('/dev/null') for _ in range(300)]")


def memory_taken(host):
    return host.attack(ALLOCATE) == "refused"


def signals(host):
    return all(host.fails(f"import os\nos.kill({pid}, 0)") for pid in host.pids)


def files_read(host):
    return host.fails(f"open({str(host.state / 'signing_key')!r}).read()")


def files_written(host):
    place = str(host.served.directory / "written")
    return host.fails(f"open({place!r}, 'w')")


def programs_of_the_user(host):
    """Try the environment of a program that the same user runs beside the host."""
    words = "import sys, time; print(1, flush=True); time.sleep(60)"
    program = subprocess.Popen(  # noqa: S603 - a test's
        [*launched(root=not os.geteuid() and host.root), sys.executable, "-c", words],
        stdout=subprocess.PIPE,
        env=variables(host.served.directory),
    )
    try:
        program.stdout.readline()
        return host.fails(f"open('/proc/{program.pid}/environ', 'rb').read()")
    finally:
        program.kill()
        program.communicate()


def abstract_sockets(host):
    return host.fails(SOCKET.format(abstract_name(host)))


def abstract_name(host):
    return f"walls-{host.pid}"


def processes(host):
    return host.attack(BOMB) == "refused"


ROWS = {
    "reads the environment of the host": (environment, PLAIN, FULL, SWITCHED),
    "reads or changes the memory of the host, traces it": (memory, PLAIN, FULL, SWITCHED),
    "uses files and connections that the host has open": (descriptors, PLAIN, FULL, SWITCHED),
    "sends commands such as `reload`, also from a process that it detaches": (command, PLAIN, FULL, SWITCHED),
    "gains rights by programs like `sudo`, or by capabilities": (privileges, PLAIN, FULL, SWITCHED),
    "reads the memory or the environment of another isolated agent": (neighbour, PLAIN, FULL, SWITCHED),
    "reads or changes entries of others in the state store, or of calls that never ran its tools": (
        *(entries, PLAIN, FULL, SWITCHED),
    ),
    "opens more files than `file_limit`": (files_opened, PLAIN, FULL, SWITCHED),
    "takes much more memory than `memory_limit`": (memory_taken, PLAIN, FULL, SWITCHED),
    "sends signals to the host, such as SIGKILL": (signals, FULL, SWITCHED),
    "reads files of the host's user, such as keys and configuration": (files_read, FULL, SWITCHED),
    "changes files outside `paths` and its temporary directory": (files_written, FULL, SWITCHED),
    "reads the environment of other programs of the host's user": (programs_of_the_user, FULL, SWITCHED),
    "connects to abstract Unix sockets": (abstract_sockets, FULL),
    "starts more processes than `process_limit`": (processes, SWITCHED),
}
TRACE = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0x4206, {}, None, None) != 0:  # PTRACE_SEIZE
    raise OSError(ctypes.get_errno(), 'ptrace')
"""
LEAK = """
import os, sys
vars(sys).setdefault("kept", []).append(b"x" * 10_000_000)
answer = os.getpid()
"""
STATUS = "answer = open('/proc/self/status').read()"
ASK = """
import socket
try:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect({!r})
        client.sendall(b'{{"command": "reload"}}\\n')
        answer = client.recv(1000).decode()
except OSError as error:
    answer = type(error).__name__
"""
FORKED = (
    "import os, time\nreading, writing = os.pipe()\nif not os.fork():\n    os.setsid()\n    parent = os.getpid()\n"
    "    if os.fork():\n        os._exit(0)\n    while os.getppid() == parent:\n        time.sleep(0.01)\n"
    + "".join(f"    {line}\n" for line in ASK.strip().splitlines())
    + "    os.write(writing, answer.encode())\n    os._exit(0)\nos.close(writing)\nos.wait()\n"
    "answer = os.read(reading, 1000).decode()"
)
STORE = """
import asyncio, gc
from agenthost._host.isolation.host_entries import HostEntries
[entries] = [each for each in gc.get_objects() if isinstance(each, HostEntries)]
loop = next(each.get_loop() for each in gc.get_objects() if isinstance(each, asyncio.Task))
def told(work):
    try:
        asyncio.run_coroutine_threadsafe(work, loop).result(10)
        return "done"
    except Exception as error:
        return type(error).__name__
answer = " ".join(
    told(work)
    for key in {!r}
    for work in (entries.read(key + b"data/x"), entries.put(key + b"data/x", b"1", 9.0), entries.page(key, b"", 10))
)
"""
OWN_ENTRIES = [b"agent/prisoner/", b"call/c-1/"]
OTHER_ENTRIES = [
    *(b"", b"agent/", b"agent/neighbour/", b"host/desk/", b"call/", b"call/c-2/", b"call/c-10/", b"call.key-ci/c-1/"),
    *(b"own/", b"own/conversation%20transcripts/", b"own/tool%20calls/", b"own/responses/"),
]
ALLOCATE = """
try:
    kept = bytearray(1_000_000_000)
    answer = 'done'
except MemoryError:
    answer = 'refused'
"""
SOCKET = """
import socket
with socket.socket(socket.AF_UNIX) as client:
    client.connect('\\0{}')
"""
BOMB = """
import os, signal, time
children, answer = [], 'done'
try:
    for _ in range(60):
        if not (child := os.fork()):
            time.sleep(60)
            os._exit(0)
        children.append(child)
except OSError:
    answer = 'refused'
for child in children:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
def test_a_wall_holds_or_is_missing_as_the_table_states(hosts, row, kind):
    """The same attempt succeeds where the table does not promise that it is stopped."""
    attempt, *stopped = ROWS[row]
    host = hosts(kind)
    with listener(abstract_name(host)):
        assert attempt(host) is (kind in stopped)


def listener(name):
    """Return an abstract socket that takes connections."""
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(f"\0{name}")
    opened.listen()
    return opened


def test_the_table_of_the_docs_has_these_rows():
    page = (ROOT / "docs" / "explanation" / "security.md").read_text()
    table = next(block for block in page.split("\n\n") if block.startswith("|") and PLAIN in block.splitlines()[0])
    head, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    written = {row[0]: {column for column, cell in zip(head, row, strict=True) if cell == "stopped"} for row in rows}

    assert head[-3:] == list(COLUMNS)
    assert {row: set(stopped) for row, (_, *stopped) in ROWS.items()} == {row: written.get(row) for row in ROWS}
    assert set(written) - set(ROWS) == {"---"}


@pytest.mark.skipif(LANDLOCK < 1, reason="the kernel does not have Landlock")
def test_an_agent_has_a_directory_of_its_own_and_the_configured_paths():
    """A path with ``:ro`` is read-only, and the directory ends with the host."""
    with walled(CONFIGURATION) as host:
        own = use_paths(host)
    poll_until(lambda: not Path(own).exists())


def use_paths(host):
    """Use files as an agent may, and return its own directory."""
    data, models = host.served.directory / "data", host.served.directory / "models"
    own = host.attack("import tempfile\nanswer = tempfile.gettempdir()\nopen(answer + '/kept', 'w').close()")

    assert not host.fails(f"open('{data}/new', 'w').close()\nopen('{data}/new').read()")
    assert not host.fails(f"import os\nos.listdir('{models}')")
    assert host.fails(f"open('{models}/new', 'w')")
    assert not host.fails("import subprocess, sys\nsubprocess.run([sys.executable, '-c', ''], check=True)")
    assert Path(own, "kept").exists()
    return own


def test_a_debuggable_host_is_open_to_its_user():
    """Without Landlock, that includes isolated agents, and the doctor names both."""
    with walled(CONFIGURATION.replace("[host]", "[host]\ndebuggable = true"), before=WITHOUT_LANDLOCK) as host:
        assert not environment(host)
        says = host.doctor(before=WITHOUT_LANDLOCK)

    assert "debuggable is on" in says
    assert "the kernel does not have Landlock: neighbour, prisoner can use all files" in says


def test_the_doctor_names_what_the_kernel_lacks(hosts):
    says = hosts(PLAIN).doctor()

    assert ("Landlock" in says) is (LANDLOCK < SIGNALS_SINCE)
    assert f"version {LANDLOCK} of Landlock" in says or LANDLOCK >= SIGNALS_SINCE or not LANDLOCK


def test_every_process_of_a_host_is_closed():
    """The supervisor, the template, each worker, and one that replaces another."""
    with walled(CONFIGURATION, "--workers", "2", before=WITHOUT_LANDLOCK) as host:
        pids = poll_until(lambda: len(found := host.pids) >= 4 and found)
        assert environment(host)
        os.kill(pids[-1], signal.SIGKILL)
        poll_until(lambda: len(found := host.pids) >= 4 and found != pids)
        assert environment(host)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount /proc")
@pytest.mark.parametrize("before", ["", WITHOUT_LANDLOCK], ids=["as it is", "without Landlock"])
def test_everything_works_where_proc_hides_processes(before):
    """As in the unit that ``agenthost export systemd`` writes."""
    with walled(CONFIGURATION, before=before, hidden=True) as host:
        pid = host.attack("import os\nanswer = os.getpid()")
        assert host.reload().returncode == 0
        assert command(host)
        poll_until(lambda: host.ask(LEAK)["response"] != pid)  # bit by bit; a call is cut off at twice the limit
        assert host.served.once_logged("bytes in memory")


def test_a_host_that_cannot_switch_users_does_not_serve_the_agent():
    """The agent is quarantined, with the reason, and the others are served."""
    configuration = CONFIGURATION.replace("file_limit", f'run_as = "{account()}"\nfile_limit')
    with walled(configuration) as host:
        assert host.served.once_logged("cannot switch to user")
        host.served.once_logged("CAP_SETUID")
        assert host.attack("answer = 1", "/neighbour") == "1"


@pytest.mark.skipif(not LANDLOCK, reason="the kernel does not have Landlock")
def test_a_file_that_an_import_may_not_read_is_named_with_its_fix():
    with walled(CONFIGURATION, module="import os\nos.listdir('/home')\n") as host:
        host.served.once_logged('[agents.prisoner] paths = ["/home"] in agenthost.toml opens it')


def test_a_path_that_does_not_exist_is_named():
    with walled(CONFIGURATION.replace('"data"', '"nowhere"')) as host:
        host.served.once_logged("agents.prisoner.paths")
        host.served.once_logged("place/nowhere does not exist. fix: create it")
