"""``agenthost export image``: the steps of its Containerfile, run in folders in place of layers."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from containerfile import instructions, wheel_of
from environment import FRONTDESK, ROOT
from polling import poll_until
from ports import free_port

PASSWORD = "correct horse battery staple"
CONFIG = """\
[host]
password = { env = "HOST_PASSWORD" }
signing_keys = [{ file = "keys/old" }]
"""


LIBRARY = '"$(python -c "import os; print(os.path.dirname(os.__file__))")"'
"""The standard library, which is compiled in the image. Here a small module takes its place."""


@pytest.fixture(scope="module")
def project(desk):
    """A folder with a configuration and a lock file, from which the image is exported."""
    place = desk.workplace()
    (place / "agenthost.toml").write_text(CONFIG)
    (place / "agenthost.toml").chmod(0o600)
    (place / "keys").mkdir()
    (place / "keys" / "old").write_text("a key of this project alone, thirty-two or more letters")
    (place / "keys" / "old").chmod(0o600)
    return place


def agenthost(desk, place, *words):
    return desk.run("agenthost", *words, cwd=place, variables={"HOST_PASSWORD": PASSWORD})


class Layers:
    """The file system of a build: each path of the image is below a folder."""

    def __init__(self, folder, context, wheels):
        self.folder, self.context = folder, context
        self.wheels = wheels

    def here(self, text):
        """Return a text with the paths of the image as they are here."""
        text = text.replace("/context/wheels", str(self.wheels)).replace(LIBRARY, str(self.folder / "library"))
        return re.sub(r"(?<![\w/.])/(opt/agenthost|srv/agenthost|var/lib/agenthost)", rf"{self.folder}/\1", text)

    def run(self, step):
        """Run the command of a RUN instruction."""
        place = self.folder / "srv" / "agenthost"
        place.mkdir(parents=True, exist_ok=True)
        beside = Path(sys.executable).parent
        variables = {
            "PATH": f"{beside}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PIP_NO_INDEX": "1",
            "PYTHONPYCACHEPREFIX": "" if step.stage == "build" else str(self.folder / "bytecode"),
        }
        return subprocess.run(  # noqa: S603 - the command under test
            ["/bin/sh", "-ec", self.here(step.command)],
            cwd=place,
            env={name: value for name, value in variables.items() if value},
            capture_output=True,
            text=True,
            check=False,
        )

    def copy(self, step):
        """Copy from the context."""
        source, target = step.listed if "[" in step.rest else step.rest.split()
        shutil.copy(self.context / source, self.here(target))

    def build(self, text):
        """Take every step, and return the first that failed and its output."""
        for step in instructions(text):
            if step.word == "RUN" and (done := self.run(step)).returncode:
                return step, done.stdout + done.stderr
            if step.word == "COPY" and step.stage == "build":
                self.copy(step)
        return None, ""


@pytest.fixture(scope="module")
def wheels(desk, tmp_path_factory):
    """The wheels of everything that is locked."""
    folder = tmp_path_factory.mktemp("wheels")
    place = desk.workplace()
    (place / "agenthost.toml").write_text("")
    assert desk.run("agenthost", "lock", cwd=place).returncode == 0
    assert desk.run("agenthost", "export", "image", "--output", ".", cwd=place).returncode == 0
    ours = desk.shared.wheels(ROOT, FRONTDESK)
    for wheel in ours:
        shutil.copy(wheel, folder)
    lines = (place / "requirements.txt").read_text().splitlines()
    for name in (line.partition("==")[0] for line in lines if line and not line.startswith("#")):
        if not name.startswith("agenthost"):
            wheel_of(distribution(name), folder)
    return folder


@pytest.fixture(scope="module")
def exported(desk, project):
    """The Containerfile."""
    assert agenthost(desk, project, "lock").returncode == 0
    done = agenthost(desk, project, "export", "image", "--output", ".")
    assert (done.returncode, done.stderr) == (0, "")
    return (project / "Containerfile").read_text()


@pytest.fixture(scope="module")
def image(project, exported, wheels, tmp_path_factory):
    """The layers of the image, built once."""
    layers = Layers(tmp_path_factory.mktemp("image"), project, wheels)
    (layers.folder / "library").mkdir()
    (layers.folder / "library" / "module.py").touch()
    step, output = layers.build(exported)
    assert step is None, output
    return layers


def test_what_is_served_has_its_bytecode(image):
    site = next((image.folder / "opt" / "agenthost" / "lib").glob("python*/site-packages"))

    assert list((site / "agenthost" / "__pycache__").glob("__init__.*.pyc"))
    assert list((image.folder / "bytecode").rglob("module.*.pyc"))


def test_the_image_serves_and_is_healthy(image, exported):
    folder = image.folder
    (folder / "srv/agenthost/keys/old").write_text("another key, as it is mounted when the host is served")
    steps = instructions(exported)
    port = free_port()
    [variables] = [step.variables for step in steps if step.word == "ENV"]
    variables = {name: image.here(value) for name, value in variables.items()}
    variables["PATH"] = variables["PATH"].replace("$PATH", os.environ["PATH"])
    variables |= {"PORT": str(port), "HOST_PASSWORD": PASSWORD, "HOME": str(folder)}
    [health] = [step.listed for step in steps if step.word == "HEALTHCHECK"]
    place = folder / "srv" / "agenthost"

    def healthy():
        return subprocess.run(health, env=variables, cwd=place, check=False, capture_output=True).returncode == 0  # noqa: S603

    assert not healthy()
    host = subprocess.Popen(steps[-1].listed, env=variables, cwd=place, stderr=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    try:
        poll_until(healthy, 60)
        shown = subprocess.run(  # noqa: S603 - in the image
            [folder / "opt/agenthost/bin/agenthost", "status", "--json"],
            env=variables,
            cwd=place,
            capture_output=True,
            text=True,
            check=True,
        )
        assert {agent["state"] for agent in json.loads(shown.stdout)["agents"]} == {"ready"}
    finally:
        host.send_signal(signal.SIGTERM)
        host.communicate(timeout=60)
    assert host.returncode == 0


def test_a_package_that_differs_from_the_lock_file_ends_the_build(image, exported):
    lock = image.folder / "srv" / "agenthost" / "agenthost.lock"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))
    *_, last = (step for step in instructions(exported) if step.word == "RUN")

    done = image.run(last)

    assert last.command.endswith("agenthost check --strict")
    assert done.returncode
    assert "agenthost-frontdesk" in done.stdout + done.stderr


def test_there_is_no_image_without_a_lock_file(desk):
    done = agenthost(desk, desk.workplace(), "export", "image")

    assert done.returncode == 3
    assert "fix: agenthost lock" in done.stderr
