"""Build every distribution of this checkout, check the archives, and install each alone.

``tox -e build`` runs this. The archives are left in ``dist``, as a release uploads them.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import tomllib
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
    parser.add_argument("names", nargs="*", help="the distributions to build beside agenthost; by default all")
    arguments = parser.parse_args()
    output = arguments.output.resolve()
    shutil.rmtree(output, ignore_errors=True)
    wheels = {}
    for project in PROJECTS:
        name = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]["name"]
        if project == ROOT or not arguments.names or name in arguments.names:
            run(sys.executable, "-m", "build", "--outdir", str(output), str(project))  # the wheel from the sdist
            [wheels[name]] = output.glob(f"{name.replace('-', '_')}-[0-9]*.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", *map(str, sorted(output.iterdir())))
    for name, wheel in wheels.items():
        install_alone(name, wheel, wheels["agenthost"])
    print(f"{len(wheels)} distributions are built, checked and installed: {output}")


def install_alone(name: str, wheel: Path, host: Path) -> None:
    """Install a wheel with what it requires into a new environment, and import it."""
    with tempfile.TemporaryDirectory() as place:
        run("uv", "venv", "--quiet", "--python", sys.executable, place)
        python = str(Path(place) / "bin" / "python")
        run("uv", "pip", "install", "--quiet", "--python", python, *{str(wheel), str(host)})
        run("uv", "pip", "check", "--quiet", "--python", python)
        run(python, "-c", TRY, name)


def run(*command: str) -> None:
    """Run a command that must succeed."""
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
