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


@pytest.fixture
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
        text = text.replace("/context/wheels", str(self.wheels))
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


def test_the_image_is_built_checked_and_served(desk, project, wheels, tmp_path):
    assert agenthost(desk, project, "lock").returncode == 0
    done = agenthost(desk, project, "export", "image", "--output", ".")
    assert (done.returncode, done.stderr) == (0, "")
    text = (project / "Containerfile").read_text()
    layers = Layers(tmp_path, project, wheels)

    step, output = layers.build(text)
    assert step is None, output

    site = next((tmp_path / "opt" / "agenthost" / "lib").glob("python*/site-packages"))
    assert list((site / "agenthost" / "__pycache__").glob("__init__.*.pyc"))
    (tmp_path / "srv/agenthost/keys/old").write_text("another key, as it is mounted when the host is served")
    steps = instructions(text)
    port = free_port()
    [variables] = [step.variables for step in steps if step.word == "ENV"]
    variables = {name: layers.here(value) for name, value in variables.items()}
    variables["PATH"] = variables["PATH"].replace("$PATH", os.environ["PATH"])
    variables |= {"PORT": str(port), "HOST_PASSWORD": PASSWORD, "HOME": str(tmp_path)}
    [health] = [step.listed for step in steps if step.word == "HEALTHCHECK"]
    place = tmp_path / "srv" / "agenthost"

    def healthy():
        return subprocess.run(health, env=variables, cwd=place, check=False, capture_output=True).returncode == 0  # noqa: S603

    assert not healthy()
    host = subprocess.Popen(steps[-1].listed, env=variables, cwd=place, stderr=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
    try:
        poll_until(healthy, 60)
        shown = subprocess.run(  # noqa: S603 - in the image
            [tmp_path / "opt/agenthost/bin/agenthost", "status", "--json"],
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


def test_a_package_that_differs_from_the_lock_file_ends_the_build(desk, project, wheels, tmp_path):
    assert agenthost(desk, project, "lock").returncode == 0
    assert agenthost(desk, project, "export", "image", "--output", ".").returncode == 0
    lock = project / "agenthost.lock"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))

    step, output = Layers(tmp_path, project, wheels).build((project / "Containerfile").read_text())

    assert step is not None
    assert step.command.endswith("agenthost check --strict")
    assert "agenthost-frontdesk" in output


def test_there_is_no_image_without_a_lock_file(desk, project):
    done = agenthost(desk, project, "export", "image")

    assert done.returncode == 3
    assert "fix: agenthost lock" in done.stderr
