"""The loop of an author: from a saved edit to its answer.

``tox -e edit-loop`` runs this. It edits the sentence of an agent's prompt, and asks for the document until it has it.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from processes import CREDENTIALS, LOOPBACK, free_port, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

EDITS = 20
PAUSE = 1.5
"""Seconds between an answer and the next edit, as an author needs them at least."""
PATIENCE = 60.0


def main() -> None:
    """Measure, and print the median, the fastest and the slowest edit."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--edits", type=int, default=EDITS)
    edits = arguments.parse_args().edits
    with tempfile.TemporaryDirectory() as place, served(Path(place)) as (url, code):
        seconds = []
        for number in range(edits):
            time.sleep(PAUSE)
            text = code.read_text(encoding="utf-8")
            before = "You answer the phone." if not number else f"You answer phone {number - 1}."
            begun = time.perf_counter()
            code.write_text(text.replace(before, f"You answer phone {number}."), encoding="utf-8")
            wait_for(url, f"You answer phone {number}.")
            seconds.append(time.perf_counter() - begun)
    times = ", ".join(f"{each:.2f}" for each in sorted(seconds))
    print(f"edit → answer: median {statistics.median(seconds):.2f} s of {edits} edits: {times}")


@contextmanager
def served(place: Path) -> Iterator[tuple[str, Path]]:
    """Serve a new project, and yield the URL of its document and its source."""
    port = free_port()
    environ = variables(place)
    subprocess.run([sys.executable, "-m", "agenthost", "new", "cinema"], cwd=place, env=environ, check=True, stdout=-3)
    project = place / "agenthost-cinema"
    command = [sys.executable, "-m", "agenthost", "dev", "--host", LOOPBACK, "--port", str(port)]
    with subprocess.Popen(command, cwd=project, env=environ, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://{LOOPBACK}:{port}/cinema"
            wait_for(url, "You answer the phone.")
            yield url, project / "src" / "agenthost_cinema" / "__init__.py"
        finally:
            process.terminate()


def wait_for(url: str, words: str) -> None:
    """Ask for the document until it has these words.

    Raises:
        TimeoutError: it does not have them in time.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(OSError):
            pair = base64.b64encode(":".join(CREDENTIALS).encode()).decode()
            request = urllib.request.Request(url, headers={"Authorization": f"Basic {pair}"})  # noqa: S310 - http
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - as above
                if words in json.dumps(json.load(answer)):
                    return
        time.sleep(0.01)
    msg = f"{words!r} is not in the document after {PATIENCE:g} s"
    raise TimeoutError(msg)


if __name__ == "__main__":
    main()
