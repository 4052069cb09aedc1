"""Build every distribution of this checkout, check the archives, and install each alone.

``tox -e build`` runs this. The archives are left in ``dist``, as a release uploads them. uv builds and installs as many
at a time as there are processors.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = (ROOT, *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml")))
TRY = """
import sys
from importlib import import_module
from importlib.metadata import distribution, files

name = sys.argv[1]
own = [e for e in distribution(name).entry_points if e.group.startswith("agenthost")]
assert own or name == "agenthost", "no entry point"
modules = {e.value.partition(":")[0].partition(".")[0] for e in own} or {"agenthost"}
for module in modules:
    import_module(module)
    assert any(str(f) == f"{module}/py.typed" for f in files(name)), f"{module} has no py.typed"
"""


def main() -> None:
    """Build, check and install."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--python", default=sys.executable, help="the Python to install them on, such as 3.13")
    parser.add_argument("names", nargs="*", help="the distributions to build beside agenthost; by default all")
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    shutil.rmtree(output, ignore_errors=True)
    projects = {name_of(project): project for project in PROJECTS}
    if unknown := set(arguments.names) - set(projects):
        parser.error(f"there is no {', '.join(sorted(unknown))} here")
    names = [name for name in projects if name == "agenthost" or not arguments.names or name in arguments.names]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wheels = list(pool.map(lambda name: build(name, projects[name], output), names))
        run(sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(output.glob("*-*"))))
        installed = [
            pool.submit(install_alone, *each, wheels[0], arguments.python) for each in zip(names, wheels, strict=True)
        ]
        for name, each in zip(names, installed, strict=True):
            each.result()
            print(f"{name} is installed alone", flush=True)
    print(f"{len(wheels)} distributions are built, checked and installed: {output}")


def name_of(project: Path) -> str:
    """Return the name of a distribution."""
    return str(tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"])


def build(name: str, project: Path, output: Path) -> Path:
    """Build the source archive and, from it, the wheel. Return the wheel."""
    run("uv", "build", "--quiet", "--python", sys.executable, "--out-dir", str(output), str(project))
    [wheel] = output.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    return wheel


def install_alone(name: str, wheel: Path, host: Path, python: str) -> None:
    """Install a wheel with what it requires into a new environment, and import it."""
    with tempfile.TemporaryDirectory() as place:
        run("uv", "venv", "--quiet", "--python", python, place)
        inside = str(Path(place) / "bin" / "python")
        run("uv", "pip", "install", "--quiet", "--python", inside, *{str(wheel), str(host)})
        run("uv", "pip", "check", "--quiet", "--python", inside)
        run(inside, "-c", TRY, name)


def run(*command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
