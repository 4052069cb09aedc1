"""Hosts of an unprivileged user, with isolated agents that run the code of tests."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from caller import Caller, functions
from environment import CREDENTIALS, ROOT, Served
from ports import free_port

USER = 54321
"""The user of the host where root runs the tests; no account has this number."""
SECRET = "the-secret-of-the-environment"

MODULE = """
import agenthost

class Prisoner(agenthost.AgentBase):
    def __init__(self):
        super().__init__(name="prisoner", fallback="It failed.")

    @agenthost.AgentBase.tool
    def run(self, code: str) -> str:
        names = {}
        exec(code, names)
        return str(names.get("answer"))

class Neighbour(Prisoner):
    def __init__(self):
        agenthost.AgentBase.__init__(self, name="neighbour", fallback="It failed.")
"""
WITHOUT_LANDLOCK = """
import ctypes, struct, sys
# seccomp(2): system call 444 fails as on a kernel that lacks it, here and in all that is started
program = struct.pack("HBBI" * 4, 0x20, 0, 0, 0, 0x15, 0, 1, 444, 0x06, 0, 0, 0x50026, 0x06, 0, 0, 0x7fff0000)
libc, buffer = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(program, len(program))
filter = struct.pack("HP", 4, ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(filter, len(filter)), 0, 0) == 0
"""
START = "import sys; from agenthost._cli import main; sys.argv[0] = 'agenthost'; main()"


class Walled:
    """A host whose isolated agents run the code of tests."""

    def __init__(self, served: Served, state: Path, *, root: bool) -> None:
        self.served = served
        self.state = state
        self.site = served.directory.parent / "site"
        self.pid = served.process.pid
        """The supervisor."""
        self.root = root
        self._caller = Caller.of(served)

    @property
    def pids(self) -> list[int]:
        """The processes of the host itself: supervisor, template and workers."""
        found = [self.pid]
        for each in found:  # the list grows
            children = Path(f"/proc/{each}/task/{each}/children").read_text().split()
            found += [int(child) for child in children if b"agenthost agent" not in command_of(child)]
        return found

    def ask(self, code: str, route: str = "/prisoner") -> dict[str, str]:
        """Run code in an agent, and return the response of its tool."""
        url = functions(self._caller.document(route, "c-1"))["run"]["web_hook_url"]
        return self._caller.call(url, "run", {"code": code}, "c-1")

    def attack(self, code: str, route: str = "/prisoner") -> str:
        """Run code in an agent, and return its variable ``answer`` as text."""
        answer = self.ask(code, route)
        assert "error_id" not in answer, self.served.stderr
        return answer["response"]

    def fails(self, code: str, route: str = "/prisoner") -> bool:
        """Return True if code in an agent raises OSError."""
        indented = "\n".join("    " + line for line in code.strip().splitlines())
        return self.attack(
            f"try:\n{indented}\n    answer = 'done'\nexcept OSError:\n    answer = 'refused'", route
        ) == ("refused")

    def command(self, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
        """Run an ``agenthost`` command as the host's user."""
        return subprocess.run(  # noqa: S603 - a test's
            [*launched(root=self.root), sys.executable, "-P", "-c", before + START, *arguments],
            cwd=self.served.directory,
            env=variables(self.served.directory),
            capture_output=True,
            text=True,
            check=False,
        )

    def reload(self) -> subprocess.CompletedProcess[str]:
        """Reload the host as its operator does."""
        return self.command("reload", "--port", self.served.url.rpartition(":")[2])

    def doctor(self, before: str = "") -> str:
        """Return the findings of ``agenthost doctor`` about isolation."""
        findings = json.loads(self.command("doctor", "--json", before=before).stdout)["findings"]
        return "; ".join(each["says"] for each in findings if each["check"] == "isolation")


def command_of(pid: str) -> bytes:
    """Return the command line of a process, which is empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def launched(*, root: bool, hidden: bool = False) -> list[str]:
    """Return a command that runs another one as an unprivileged user, or as root.

    Where such a user cannot reach the interpreter, it is shown that below the closed directory. With ``hidden``, /proc
    hides processes as with systemd's ProtectProc.
    """
    if os.geteuid():
        return []
    if [path for path in (ROOT, *ROOT.parents) if not path.stat().st_mode & 0o001]:
        pytest.skip("an unprivileged user cannot read this checkout")
    switch = ["setpriv", *([] if root else [f"--reuid={USER}", f"--regid={USER}"]), "--clear-groups", "--"]
    closed = {prefix: path for prefix in (sys.base_prefix, sys.prefix) if (path := _closed_above(Path(prefix)))}
    if not closed and not hidden:
        return switch
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:  # noqa: S607
        pytest.skip("this container may not mount anything")
    there = Path(tempfile.mkdtemp(prefix="walls-"))
    steps = []
    for number, prefix in enumerate(closed):
        steps.append(["mkdir", there / str(number)])
        steps.append(["mount", "--bind", prefix, there / str(number)])
    steps += [["mount", "-t", "tmpfs", "-o", "mode=755", "none", path] for path in dict.fromkeys(closed.values())]
    for number, prefix in enumerate(closed):
        steps.append(["mkdir", "-p", prefix])
        steps.append(["mount", "--bind", there / str(number), prefix])
        steps.append(["umount", there / str(number)])
    if hidden:
        steps.append(["mount", "-t", "proc", "-o", "hidepid=invisible", "proc", "/proc"])
    script = "; ".join(shlex.join(map(str, step)) for step in (*steps, ["rm", "-r", there]))
    return ["unshare", "--mount", "sh", "-ec", f'{script}; exec "$@"', "sh", *switch]


def _closed_above(prefix: Path) -> Path | None:
    """Return the outermost directory above a prefix that other users cannot enter, or None."""
    closed = [path for path in prefix.parents if not path.stat().st_mode & 0o001]
    return closed[-1] if closed else None


def variables(place: Path) -> dict[str, str]:
    """Return the environment of a host at a place."""
    return {
        "PATH": os.defpath,
        "HOME": str(place / "home"),
        "PYTHONPATH": os.pathsep.join([str(place.parent / "site"), str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AGENTHOST_STATE_DIR": str(place / "state"),
        "AGENTHOST_LOG_FORMAT": "text",
        "AGENTHOST_DRAIN_GRACE": "0",
        "SWML_BASIC_AUTH_USER": CREDENTIALS[0],
        "SWML_BASIC_AUTH_PASSWORD": CREDENTIALS[1],
        "EXAMPLE_SECRET": SECRET,
    }


@contextmanager
def walled(
    configuration: str,
    *options: str,
    before: str = "",
    root: bool = False,
    module: str = "",
    later: str = "",
    hidden: bool = False,
):
    """Run a host during the block.

    ``before`` is code that runs in its process first. ``root`` is True for a host of root. ``module`` is code that
    precedes the module of the agents, and ``later`` a second module. See ``launched`` for
    ``hidden``.
    """
    top = Path(tempfile.mkdtemp(prefix="walls-"))
    site, place = top / "site", top / "place"
    metadata = site / "agenthost_test_walls-1.0.dist-info"
    try:
        metadata.mkdir(parents=True)
        recorded = []
        for name, text in (("agenthost_test_walls.py", module + MODULE), ("agenthost_test_later.py", later)):
            (site / name).write_text(text)
            digest = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
            recorded.append(f"{name},sha256={digest},\n")
        (metadata / "RECORD").write_text("".join(recorded))
        (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: agenthost-test-walls\nVersion: 1.0\n")
        entries = "prisoner = agenthost_test_walls:Prisoner\nneighbour = agenthost_test_walls:Neighbour\n"
        (metadata / "entry_points.txt").write_text(f"[agenthost.agents]\n{entries}")
        for name in ("home", "data", "models"):
            (place / name).mkdir(parents=True)
        (place / "agenthost.toml").write_text(configuration)
        for path in (top, *top.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
            if os.geteuid() == 0 and not root and path.is_relative_to(place):
                os.chown(path, USER, USER)
        with serving(place, options, before, launched(root=root, hidden=hidden), root=root) as host:
            yield host
    finally:
        shutil.rmtree(top)


@contextmanager
def serving(place: Path, options, before: str, launch: list[str], *, root: bool):
    """Run the host at a place during the block."""
    port = free_port()
    with (place / "stdout").open("wb") as stdout, (place / "stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - a test's
            [*launch, sys.executable, "-P", "-c", before + START, "run", "--port", str(port), *options],
            cwd=place,
            env=variables(place),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    served = Served(f"http://127.0.0.1:{port}", CREDENTIALS, process, place)
    try:
        served.wait("/startup", 30)
        yield Walled(served, place / "state", root=root)
    finally:
        process.poll() is not None or os.kill(process.pid, signal.SIGTERM)
        process.wait(30)
