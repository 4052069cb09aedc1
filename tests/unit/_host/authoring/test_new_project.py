"""New projects: their names, their files, and what lies in them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from hatchling.build import build_sdist, build_wheel
from plugin_option import PLUGIN_OPTION

import agenthost
from agenthost._host.authoring.new_project import KINDS, NewProject

ROOT = Path(agenthost.__file__).parents[1]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("cinema", {}, ("agenthost-cinema", "agenthost_cinema", "cinema")),
        ("agenthost-cinema", {}, ("agenthost-cinema", "agenthost_cinema", "cinema")),
        ("Front_Desk", {}, ("agenthost-front-desk", "agenthost_front_desk", "front-desk")),
        ("cinema", {"project": "Acme.Cinema"}, ("Acme.Cinema", "acme_cinema", "cinema")),
        ("cinema", {"project": "acme", "module": "films"}, ("acme", "films", "cinema")),
    ],
)
def test_names(name, options, expected):
    project = NewProject.named(name, **options)

    assert (project.name, project.module, project.key) == expected


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        (
            "agenthost-",
            {},
            "'agenthost-' is not a name: a letter, then letters, digits and hyphens. fix: write one such as cinema",
        ),
        ("kino im park", {}, "'kino im park' is not a name: a letter, then letters, digits and hyphens"),
        ("9lives", {}, "'9lives' is not a name: a letter, then"),
        ("health", {}, "'health' cannot be the name of an agent: "),
        ("cinema", {"project": "-x"}, "'-x' is not a name of a project. fix: write one such as acme-cinema"),
        ("cinema", {"module": "class"}, "'class' is not a name of a module. fix: --module acme_cinema"),
        ("cinema", {"project": "3d"}, "'3d' is not a name of a module. fix: --module acme_cinema"),
    ],
)
def test_names_that_cannot_be_used(name, options, problem):
    with pytest.raises(ValueError, match="fix: ") as refused:
        NewProject.named(name, **options)

    assert problem in str(refused.value)


def test_nothing_is_overwritten(tmp_path):
    """An empty folder is used, any other is left as it is."""
    project = NewProject.named("cinema")
    (tmp_path / "agenthost-cinema").mkdir()
    project.write(tmp_path)
    (tmp_path / "agenthost-cinema" / "README.md").write_text("mine")

    with pytest.raises(FileExistsError, match=r"exists and is not empty\. fix: choose another name, or --project NAME"):
        project.write(tmp_path)
    assert (tmp_path / "agenthost-cinema" / "README.md").read_text() == "mine"


def test_a_description_is_a_sentence_in_every_file(tmp_path):
    """Quotes and line breaks in it end no string."""
    project = NewProject.named("cinema", description='sells "tickets"\nfor a\\cinema')
    text = project.files()

    assert tomllib.loads(text["pyproject.toml"])["project"]["description"] == "Sells 'tickets' for a/cinema."
    compile(text["src/agenthost_cinema/__init__.py"], "cinema", "exec")


@pytest.mark.parametrize("flat", [False, True], ids=["src", "flat"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_archives_contain_the_tests_and_no_configuration(kind, flat, tmp_path, monkeypatch):
    """The source archive has what its tests need, and nothing of the machine."""
    project = NewProject.named("cinema", kind, flat=flat)
    project.write(tmp_path)
    folder = tmp_path / "agenthost-cinema"
    (folder / "agenthost.toml").write_text('[host]\npassword = "secret"\n')
    (folder / ".venv").mkdir()
    (folder / ".venv" / "pyvenv.cfg").write_text("")
    monkeypatch.chdir(folder)
    with tarfile.open(tmp_path / build_sdist(str(tmp_path))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wheel = build_wheel(str(tmp_path))

    assert {"tests/test_cinema.py", "agenthost.toml.example", "LICENSE", f"{project.folder}/py.typed"} <= names
    assert not {"agenthost.toml", ".venv/pyvenv.cfg"} & names
    assert wheel == "agenthost_cinema-0.1.0-py3-none-any.whl"


@pytest.mark.slow
def test_the_tests_of_new_projects_pass_and_their_types_fit(tmp_path, types_cache):
    """Run pytest in each kind of project, and mypy over all of them."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    checked = []
    for kind in KINDS:
        project = NewProject.named(f"my-{kind}", kind, flat=kind == "skill")
        project.write(tmp_path)
        folder = tmp_path / project.name
        checked += [folder / project.folder, folder / "tests"]
        tested = subprocess.run(  # noqa: S603 - a command of our own
            [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *PLUGIN_OPTION],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert tested.returncode == 0, tested.stdout + tested.stderr
    found = subprocess.run(  # noqa: S603 - a command of our own
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={types_cache}", *map(str, checked)],
        cwd=tmp_path,
        env=environ | {"MYPYPATH": os.pathsep.join(str(each.parent) for each in checked[::2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
