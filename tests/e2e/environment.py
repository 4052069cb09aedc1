"""A virtual environment of its own, into which real wheels are installed.

It holds the wheel of this checkout and what that wheel says it requires, and nothing else: what only the
tests need, or what a package forgot to declare, cannot be imported there. Packages are installed by pip as an
operator does, or by uv, which writes the same files in a tenth of the time.
"""

# Every command that is run here is written here or in a test.
# ruff: noqa: S603

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import Distribution, distribution, distributions
from pathlib import Path
from typing import Literal

import attrs
import pip
import uv
from filelock import FileLock
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from polling import poll_until
from ports import free_port

ROOT = Path(__file__).resolve().parents[2]
DISTS = ROOT / "tests" / "dists"
GOOD = tuple(f"good-{number}" for number in range(1, 10))
"""Distributions that serve."""
BROKEN = (
    *("bad-route", "constructor-raises", "hangs-on-import", "import-error", "missing-attribute", "missing-extra"),
    *("name-clash", "not-an-agent", "reserved-route", "route-clash", "syntax-error", "system-exit-on-import"),
    "wrong-api",
)
"""Distributions whose agent fails, or is in conflict with the front desk, in the way of their name."""
PIP = Path(pip.__file__).parent
FRONTDESK = ROOT / "plugins" / "agenthost-frontdesk"
CREDENTIALS = ("tester", "correct horse battery staple")
AT_ONCE = {"AGENTHOST_DRAIN_GRACE": "0"}
"""Variables of a host that nobody sends elsewhere while it stops, although its tests ask ``/ready``."""
NO_CREDENTIALS = {"SWML_BASIC_AUTH_USER": "", "SWML_BASIC_AUTH_PASSWORD": ""}
"""Variables with which the host makes its own."""

BUILD = """
import json, os, sys
from hatchling.build import build_wheel

target, *projects = sys.argv[1:]
names = []
for project in projects:
    os.chdir(project)
    names.append(build_wheel(target))
json.dump(names, sys.stdout)
"""


@attrs.define
class Served:
    """A host that runs in a process of its own."""

    url: str
    """Such as ``http://127.0.0.1:41234``, without a slash at the end."""
    credentials: tuple[str, str]
    """User and password."""
    process: subprocess.Popen[bytes]
    directory: Path
    """Working directory of the process; its home and state directory lie below."""

    @property
    def stdout(self) -> str:
        """All that the host has printed so far."""
        return (self.directory / "stdout").read_text()

    @property
    def stderr(self) -> str:
        """All that the host has logged so far."""
        return (self.directory / "stderr").read_text()

    def once_logged(self, words: str, seconds: float = 30) -> str:
        """Return the log after *words*, as soon as they are in it.

        Many lines are written a moment later.
        """
        poll_until(lambda: words in self.stderr, seconds, said=lambda: f"{words!r} is not in the log\n{self.stderr}")
        return self.stderr.partition(words)[2]

    def status(self, path: str) -> int | None:
        """Status of a GET without credentials, or None where nobody answers."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:  # noqa: S310 - always http
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return None

    def wait(self, path: str, seconds: float) -> None:
        """Wait until GET *path* returns 200.

        Fail with the host's output if it ends or is late.
        """

        def said():
            ended = self.process.poll()
            state = f"the host ended with {ended}" if ended is not None else f"{path} answers {self.status(path)}"
            return f"{state}\nstdout:\n{self.stdout}\nstderr:\n{self.stderr}"

        poll_until(lambda: self.process.poll() is not None or self.status(path) == 200, seconds, said=said)
        assert self.process.poll() is None, said()

    def stop(self, seconds: float = 30) -> int:
        """Send SIGTERM and return the exit status.

        Fail if the host needs more than *seconds*.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"the host did not stop within {seconds} s of SIGTERM\n{self.stderr}") from None


@attrs.define
class Wheelhouse:
    """Wheels below *directory*, each built once by whichever of several processes needs it first."""

    directory: Path

    def wheels(self, *projects: str | Path) -> list[Path]:
        """Build what is missing of *projects*, all in one process.

        Where one of tests/dists is missing, all of those are built: that takes no longer.
        """
        self.directory.mkdir(exist_ok=True)
        with FileLock(self.directory / "lock"):
            built = self._built()
            missing = {str(project): None for project in projects if str(project) not in built}
            if missing:
                if any(self._source(project).parent == DISTS for project in missing):
                    beside = (path.parent.name for path in DISTS.glob("*/pyproject.toml"))
                    missing |= {name: None for name in beside if name not in built and name != "good"}
                sources = [str(self._source(project)) for project in missing]
                names = json.loads(checked(sys.executable, "-c", BUILD, str(self.directory), *sources))
                self._keep(built | dict(zip(missing, names, strict=True)))
        built = self._built()
        return [self.directory / built[str(project)] for project in projects]

    def forget(self, project: Path) -> None:
        """Build a project anew when it is installed the next time."""
        self._keep({name: wheel for name, wheel in self._built().items() if name != str(project)})

    def _built(self) -> dict[str, str]:
        """File names by project."""
        index = self.directory / "built.json"
        return json.loads(index.read_text()) if index.exists() else {}

    def _keep(self, built: dict[str, str]) -> None:
        made = self.directory / "built.json.new"
        made.write_text(json.dumps(built))
        made.replace(self.directory / "built.json")

    def _source(self, project: str) -> Path:
        if project not in GOOD:
            return DISTS / project  # an absolute path stays what it is
        number = project.removeprefix("good-")
        source = self.directory / "sources" / project
        source.mkdir(parents=True, exist_ok=True)
        for template in (DISTS / "good").glob("*.*"):
            text = template.read_text().replace("good-N", project).replace("good_N", f"good_{number}")
            (source / template.name.replace("good_N", f"good_{number}")).write_text(text)
        return source


@attrs.define
class Environment:
    """A virtual environment with agenthost in it, made below *directory*.

    Args:
        directory: where it is made; it exists.
        shared: wheels of this checkout, which several environments may share.
    """

    directory: Path
    shared: Wheelhouse
    _own: Wheelhouse = attrs.field(
        init=False, default=attrs.Factory(lambda self: Wheelhouse(self.directory / "wheels"), takes_self=True)
    )
    """Wheels of what tests write themselves: two of them may have one name."""
    _installed: set[str] = attrs.field(factory=set, init=False)
    _workplaces: int = attrs.field(default=0, init=False)

    @property
    def bin(self) -> Path:
        return self.directory / "venv" / "bin"

    @property
    def site_packages(self) -> Path:
        [found] = (self.directory / "venv" / "lib").glob("python*/site-packages")
        return found

    def create(self) -> None:
        """Make the environment, install the wheel of this checkout, link what it requires."""
        venv.create(self.directory / "venv", symlinks=True)
        self._pip("install", "--no-deps", "--no-index", *map(str, self.shared.wheels(ROOT)))
        [agenthost] = distributions(name="agenthost", path=[str(self.site_packages)])
        for required in needed(agenthost.requires or ()):
            link(required, self.site_packages)

    def install(self, *projects: str | Path, by: Literal["pip", "uv"] = "uv") -> None:
        """Build and install names out of tests/dists (there is good-1 to good-9) or directories."""
        wheels = []
        for house in (self.shared, self._own):
            if chosen := [project for project in projects if self._wheelhouse(project) is house]:
                wheels += house.wheels(*chosen)
        install = self._pip if by == "pip" else self._uv
        install("install", "--no-deps", "--no-index", "--force-reinstall", *map(str, wheels))
        self._installed.update(wheel.name.partition("-")[0] for wheel in wheels)

    def uninstall(self, *distributions: str, by: Literal["pip", "uv"] = "uv") -> None:
        """Uninstall distributions by their full names, or all that tests have installed."""
        names = {name.replace("-", "_") for name in distributions} or self._installed
        if names:
            uninstall = self._pip if by == "pip" else self._uv
            uninstall("uninstall", "--yes", *sorted(names))
        self._installed -= names

    @contextmanager
    def having(self, *projects: str | Path) -> Iterator[None]:
        """Install more during the block.

        See ``install``.
        """
        before = set(self._installed)
        self.install(*projects)
        try:
            yield
        finally:
            if added := self._installed - before:
                self.uninstall(*added)

    @contextmanager
    def having_too(self, *requirements: str) -> Iterator[None]:
        """Make *requirements* importable during the block.

        They come from the environment that runs the tests, such as ``redis``.
        """
        before = set(self.site_packages.iterdir())
        for required in needed(requirements):
            link(required, self.site_packages)
        try:
            yield
        finally:
            for added in set(self.site_packages.iterdir()) - before:
                if added.is_symlink():
                    added.unlink()

    def forget(self, project: Path) -> None:
        """Build a project anew when it is installed the next time."""
        self._own.forget(project)

    def workplace(self) -> Path:
        """Make an empty working directory, with a home and a state directory in it."""
        self._workplaces += 1
        place = self.directory / "work" / str(self._workplaces)
        (place / "home").mkdir(parents=True)
        return place

    def run(
        self,
        *command: str,
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment to its end.

        Args:
            command: Name of a console script or ``python``, and arguments.
            cwd: Where; a new, empty directory unless given (see ``workplace``).
            variables: What is put into the otherwise bare process environment.
            timeout: Seconds after which the test fails.
        """
        place = cwd or self.workplace()
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=place,
            env=self._variables(place, variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    @contextmanager
    def serve(
        self,
        *options: str,
        cwd: Path | None = None,
        variables: Mapping[str, str] | None = None,
        until: str = "/startup",
        seconds: float = 30,
        port: int | None = None,
        command: str = "run",
    ) -> Iterator[Served]:
        """Run ``agenthost run`` while the block runs, and stop it with SIGTERM.

        Args:
            options: More options of ``agenthost run``.
            cwd: Where, such as a ``workplace`` with an agenthost.toml; a new, empty one unless given.
            variables: What is put into the otherwise bare process environment, beside ``AT_ONCE``.
            until: The path that must answer 200 before the block begins.
            seconds: How long that may take.
            port: Where it listens; a free port unless given.
            command: The command that serves.
        """
        place = cwd or self.workplace()
        port = port or free_port()
        named = dict(zip(("SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD"), CREDENTIALS, strict=True))
        with (place / "stdout").open("wb") as stdout, (place / "stderr").open("wb") as stderr:
            process = subprocess.Popen(
                [self.bin / "agenthost", command, "--host", "127.0.0.1", "--port", str(port), *options],
                cwd=place,
                env=self._variables(place, named | AT_ONCE | dict(variables or {})),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        served = Served(f"http://127.0.0.1:{port}", CREDENTIALS, process, place)
        try:
            served.wait(until, seconds)
            if until != "/live":  # the list is printed a moment later
                poll_until(lambda: served.stdout or process.poll() is not None, seconds)
            yield served
        finally:
            served.stop()

    def _wheelhouse(self, project: str | Path) -> Wheelhouse:
        return self.shared if (DISTS / project).is_relative_to(ROOT) else self._own

    def _uv(self, command: str, *arguments: str) -> None:
        place = ("--python", str(self.bin / "python"))
        checked(uv.find_uv_bin(), "--offline", "--no-config", "--no-cache", "pip", command, *place, *arguments)

    def _pip(self, *arguments: str) -> None:
        """Run pip as its option ``--python`` does.

        It saves the process that would only start this one.
        """
        checked(str(self.bin / "python"), str(PIP / "__pip-runner__.py"), "--isolated", *arguments)

    def _variables(self, place: Path, more: Mapping[str, str] | None) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:{os.defpath}",
            "LANG": "C.UTF-8",
            "HOME": str(place / "home"),
            "AGENTHOST_STATE_DIR": str(place / "state"),
            "AGENTHOST_LOG_FORMAT": "text",  # which is what the tests read
            **(more or {}),
        }


def needed(lines: Iterable[str]) -> list[Distribution]:
    """Find what requirements ask for, directly and indirectly, among what runs the tests."""
    found: dict[str, Distribution] = {}
    pending = [(line, "") for line in lines]
    seen = set()
    while pending:
        line, extra = pending.pop()
        requirement = Requirement(line)
        if (line, extra) in seen or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        seen.add((line, extra))
        required = found.setdefault(canonicalize_name(requirement.name), distribution(requirement.name))
        pending += [(more, wish) for more in required.requires or () for wish in ("", *requirement.extras)]
    return list(found.values())


def link(installed: Distribution, site_packages: Path) -> None:
    """Make a distribution of the running environment importable from *site_packages*, metadata and all."""
    for top in {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}:
        target = site_packages / top
        if not target.exists():
            target.symlink_to(Path(str(installed.locate_file(top))).resolve())


def checked(*command: str) -> str:
    """Run a command that must succeed, and give what it printed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{shutil.which(command[0])} failed\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def heard_interrupts() -> Iterator[None]:
    """Start what hears Ctrl-C: a shell makes the processes in its background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ended(process: int) -> bool:
    """Return True if a process has ended, and is not waited for any more."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False
