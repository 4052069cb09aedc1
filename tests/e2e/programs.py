"""Programs that serve agents, each in a process of its own.

They run with the Python of the tests.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from environment import AT_ONCE, CREDENTIALS, Served
from ports import free_port

HERE = Path(__file__).resolve().parent
SEEDS = HERE.parent / "data" / "seeds"


def variables(place: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an otherwise empty environment with the tests' credentials.

    An empty value removes a variable.
    """
    named = dict(zip(("SWML_BASIC_AUTH_USER", "SWML_BASIC_AUTH_PASSWORD"), CREDENTIALS, strict=True))
    state = {"HOME": str(place), "AGENTHOST_STATE_DIR": str(place / "state"), "AGENTHOST_LOG_FORMAT": "text"}
    found = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    merged = {"PATH": os.defpath, "LANG": "C.UTF-8", **found, **state, **named, **AT_ONCE, **(more or {})}
    return {name: value for name, value in merged.items() if value}


@contextmanager
def running(
    place: Path,
    *command: str | Path,
    port: int,
    more: Mapping[str, str] | None = None,
    status: int = 0,
    python: str | Path = sys.executable,
) -> Iterator[Served]:
    """Run a program while the block runs, and stop it with SIGTERM.

    Args:
        place: An empty directory to run it in.
        command: The script, and its arguments.
        port: Where it is going to listen.
        more: What is put into the otherwise bare environment of the process.
        status: How it must end then.
        python: What runs it.
    """
    with (place / "stdout").open("wb") as stdout, (place / "stderr").open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - a command of the test's
            [python, "-W", "error", *map(str, command)],
            cwd=place,
            env=variables(place, more),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )
    served = Served(f"http://127.0.0.1:{port}", CREDENTIALS, process, place)
    try:
        served.wait("/startup", 30)
        yield served
    finally:
        ended = served.stop()
    assert ended == status, served.stderr


@contextmanager
def seed(place: Path, name: str, more: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Run a program of tests/data/seeds.

    See seeds/launch.py.
    """
    port = free_port()
    with running(place, HERE / "seeds" / "launch.py", SEEDS / f"{name}.py", str(port), port=port, more=more) as served:
        yield served
