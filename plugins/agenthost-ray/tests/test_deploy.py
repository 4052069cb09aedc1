"""New versions on the real engine: canary, roll, generation, and libraries that conflict."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest
from polling import poll_until

PATIENCE = 120.0


def version_of(on_ray, agent="other"):
    """Return the answer of the tool that knows its version."""
    return on_ray.call(on_ray.tool_url("version", agent=agent), "version")[1]["response"]


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        ("import missing", "other: quarantined: No module named 'missing'"),
        ("import os; os._exit(3)", "agenthost agents --load ended with 3"),
    ],
)
def test_a_version_that_fails_is_refused(on_ray, packages, command, mistake, words):
    """Nothing has changed, and the old version answers."""
    packages.install_other("1.1", mistake=mistake)
    done = command("deploy")
    packages.install_other("1.0")

    assert done.returncode == (4 if "quarantined" in words else 1), done.stderr
    assert words in done.stderr
    assert version_of(on_ray) == "1.0"
    assert on_ray.ask("/steady")[0] == 200


def test_an_agent_that_is_gone_is_a_loss(on_ray, packages, command):
    packages.install("other", "1.2", "", {})
    done = command("deploy")
    packages.install_other("1.0")

    assert done.returncode == 4, done.stderr
    assert "other: other offers it no longer. fix: --accept goes on without it" in done.stderr
    assert "Nothing has changed." in done.stderr
    assert version_of(on_ray) == "1.0"


def test_a_new_version_takes_over_without_a_lost_call(on_ray, packages, command):
    """The old version answers until the new one does, and other agents stay."""
    process = on_ray.process()
    packages.install_other("2.0")
    with calls(on_ray) as answers:
        done = command("deploy")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["other: other 1.0 → 2.0"]
    assert {status for status, _ in answers} == {200}
    assert [answer["response"] for _, answer in answers] == sorted(answer["response"] for _, answer in answers)
    assert version_of(on_ray) == "2.0"
    assert process in {on_ray.process() for _ in range(20)}
    assert command("deploy").stdout == "Nothing has changed.\n"


def test_settings_reach_every_replica_without_a_lost_call(on_ray, environment, command):
    """A new password holds on all of them, and on the ingress."""
    file = environment[0] / "agenthost.toml"
    known = "of-the-tests-of-ray"
    file.write_text(
        file.read_text().replace(f'password = "{known}"', f'passwords = ["{known}", "another-of-the-tests"]')
    )
    refused = command("deploy", "--only", "other")
    with calls(on_ray) as answers:
        done = command("deploy")
    asked = [
        on_ray.ask(path, password="another-of-the-tests")[0]
        for path in ("/steady", "/other", "/", "/health")
        for _ in range(5)
    ]

    assert "agenthost.toml or its lock file has changed, which concerns all agents" in refused.stderr
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{agent}: other settings" for agent in ("main", "other", "steady")]
    assert {status for status, _ in answers} == {200}
    assert set(asked) == {200}


@contextmanager
def calls(on_ray):
    """Call a tool over and over, and yield the answers."""
    url, answers, over = on_ray.tool_url("version", agent="other"), [], threading.Event()

    def go_on():
        while not over.is_set():
            answers.append(on_ray.call(url, "version"))

    calling = threading.Thread(target=go_on)
    calling.start()
    try:
        yield answers
    finally:
        over.set()
        calling.join(60)


def test_a_replica_of_another_generation_does_not_start(on_ray, packages, command):
    """A package that was installed since waits for a deploy."""
    packages.install_other("3.0")
    for process in on_ray.replicas_of("other"):
        os.kill(process, signal.SIGKILL)
    said = poll_until(lambda: logged("other has changed since it was deployed"), PATIENCE)
    packages.install_other("2.0")

    assert "fix: agenthost ray deploy" in said
    assert poll_until(lambda: answered(on_ray), PATIENCE) == "2.0"


def test_conflicting_libraries_side_by_side(on_ray, tmp_path, command):
    """Each of two agents has its own version of one library, in the same cluster."""
    before = version_of(on_ray)
    pinned = {name: wheel(tmp_path, version) for name, version in (("left", "1.0"), ("right", "2.0"))}
    options = [("--only", name, "--runtime-env", f'{name}={{"pip": ["{path}"]}}') for name, path in pinned.items()]
    done = command("deploy", *(word for each in options for word in each), "--cpus", "0.2")

    assert done.returncode == 0, done.stderr
    assert [version_of(on_ray, agent) for agent in ("left", "right")] == ["1.0", "2.0"]
    assert version_of(on_ray) == before


def answered(on_ray):
    try:
        return version_of(on_ray)
    except (OSError, TypeError, StopIteration):
        return None


def logged(words):
    """Return the line of Ray Serve's logs that has these words, or None."""
    logs = Path("/tmp/ray/session_latest/logs/serve")  # noqa: S108 - Ray's own
    lines = (line for file in logs.glob("*.log") for line in file.read_text(errors="replace").splitlines())
    return next((line for line in lines if words in line), None)


def wheel(place, version):
    """Write a wheel of the library ``pinned``."""
    made, info = place / f"pinned-{version}-py3-none-any.whl", f"pinned-{version}.dist-info"
    files = {
        "pinned.py": f'VERSION = "{version}"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: pinned\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in (*files, f"{info}/RECORD"))
    with ZipFile(made, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return made
