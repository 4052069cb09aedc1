"""The cost of a lock file at start."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import median
from typing import TYPE_CHECKING

from installed import AGENTHOST, PER_DISTRIBUTION, generated
from processes import variables
from report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["measure_locks"]

DISTRIBUTIONS = 100
CHECKS = 15

_CHECK = """
import json, os, time
from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.config.load import load_config
from agenthost._host.generations.contents import Readings, contents_of
from agenthost._host.generations.lock import read_lock
from agenthost._host.packages.approval import modules_of, unapproved

config, candidates = load_config(None, os.environ), discover((AGENTS, PLUGINS))
lock, began = read_lock(config), time.process_time()
refused = unapproved(candidates, lock, Readings.of_host(config))
checked = time.process_time()
assert lock is not None and not refused, refused
for each in {candidate.location: candidate for candidate in candidates}.values():
    contents_of(each.location, modules_of([each]))
print(json.dumps([checked - began, time.process_time() - checked]))
"""


def measure_locks(directory: Path) -> Iterable[Figure]:
    """Measure the check of a lock file, and the reading of all files in turn.

    Args:
        directory: an empty one to work in.
    """
    site, place = generated(directory / "site", DISTRIBUTIONS * PER_DISTRIBUTION), directory / "place"
    place.mkdir()
    environ = variables(place, PYTHONPATH=str(site))
    subprocess.run([AGENTHOST, "lock"], cwd=place, env=environ, check=True, stdout=subprocess.DEVNULL)
    checks, readings = [], []
    for _ in range(CHECKS):
        done = subprocess.run(
            [sys.executable, "-c", _CHECK], cwd=place, env=environ, check=True, stdout=subprocess.PIPE
        )
        checked, read = json.loads(done.stdout)
        checks.append(checked)
        readings.append(read)
    own = median(checks) * 1000
    yield Figure(
        f"check of `agenthost.lock`, {DISTRIBUTIONS} distributions",
        f"{own:.1f} ms",
        f"hashing every file: {median(readings) * 1000:.1f} ms",
        own,
        unit=" ms",
        most=20,
    )
