"""The imports of a command, successful or not."""

from pathlib import Path

from environment import Environment

PROBE = """
import sys

class Recorder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        print("imports", name, file=sys.stderr)

sys.meta_path.insert(0, Recorder)
from agenthost._cli import main
main()
"""


def imported_by(environment: Environment, *arguments: str, cwd: Path | None = None) -> set[str]:
    """Run ``agenthost`` with *arguments*, and return the names of all imported modules."""
    done = environment.run("python", "-c", PROBE, *arguments, cwd=cwd)
    return {line.removeprefix("imports ") for line in done.stderr.splitlines() if line.startswith("imports ")}
