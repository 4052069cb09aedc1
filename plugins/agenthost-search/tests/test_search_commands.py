"""``agenthost index`` and ``agenthost search``, in processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("numpy", reason="tox -e plugins installs it")


def agenthost(*words, at, **variables):
    command = [sys.executable, "-m", "agenthost", *map(str, words)]
    env = {**os.environ, **variables}
    return subprocess.run(command, cwd=at, env=env, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603


def test_a_folder_is_indexed_and_searched(folder, tmp_path):
    built = agenthost("index", folder, "--tag", "public", at=tmp_path)

    assert built.returncode == 0, built.stderr
    first, *rest = built.stdout.splitlines()
    assert first.startswith("cinema.sqlite: 5 passages of 4 documents, ")
    assert first.endswith(", 1 files of other kinds are left out")
    assert rest[-1] == '  use:  self.add_skill("search", {"index": "cinema.sqlite"})'

    found = agenthost("search", "cinema.sqlite", "refund", "--tag", "public", at=tmp_path)
    assert found.stdout.startswith("tickets.md: Tickets > Refunds, line 7\nA ticket is refunded")
    [passage] = json.loads(agenthost("search", "cinema.sqlite", "refund", "--json", at=tmp_path).stdout)
    assert (passage["filename"], passage["first_line"], passage["tags"]) == ("tickets.md", 7, ["public"])
    assert agenthost("search", "cinema.sqlite", "spaceship", at=tmp_path).returncode == 1


def test_an_index_becomes_a_package(folder, tmp_path):
    built = agenthost("index", folder, "--package", "cinema-facts", at=tmp_path)

    assert '  use:  self.add_skill("search", {"index": "cinema_facts:index.sqlite"})' in built.stdout.splitlines()
    target = tmp_path / "site"
    project = tmp_path / "cinema-facts"
    install = ["uv", "pip", "install", "--quiet", "--no-deps", "--target", str(target), str(project)]
    subprocess.run([sys.executable, "-m", *install], check=True, timeout=300)  # noqa: S603
    found = agenthost("search", "cinema_facts:index.sqlite", "refund", at=tmp_path, PYTHONPATH=str(target))
    assert found.returncode == 0, found.stderr

    (project / "pyproject.toml").write_text("edited")
    agenthost("index", folder, "--package", "cinema-facts", at=tmp_path)
    assert (project / "pyproject.toml").read_text() == "edited"


def test_vectors_come_from_an_api(folder, tmp_path, api):
    words = ("--embeddings", api.url, "--model", "topics", "--key-variable", "KEY")
    assert agenthost("index", folder, "-o", "x.sqlite", *words, at=tmp_path, KEY="k").returncode == 0

    found = agenthost("search", "x.sqlite", "I am hungry", *words, at=tmp_path, KEY="k")
    assert found.stdout.startswith("food.html: Snacks")
    assert {key for _, key, _ in api.asked} == {"Bearer k"}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("search", "x.sqlite", "y"), 3, "x.sqlite: there is no such index. fix: agenthost index FOLDER"),
        (("index", "empty"), 3, "there are no documents. fix: a folder with files of .md"),
        (("index", "cinema", "--package", "Cinema Facts"), 3, "cannot be the name of a package"),
        (("index", "cinema", "--package", "x", "-o", "y"), 2, "exclude each other"),
        (("index", "cinema", "--embeddings", "gpt"), 3, "neither e5 nor a URL"),
        (("index", "cinema", "--embeddings", "e5", "--key-variable", "AWAY"), 2, "AWAY is not set"),
    ],
)
def test_mistakes_have_a_fix(folder, tmp_path, words, code, message):
    (tmp_path / "empty").mkdir()
    done = agenthost(*words, at=tmp_path)

    assert (done.returncode, message in done.stderr) == (code, True), done.stderr
