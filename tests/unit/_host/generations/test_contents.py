"""Contents: the same release has one digest, and every change of a file another."""

from __future__ import annotations

import csv
import json
import os
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from agenthost._host.generations.contents import Contents, Readings, contents_of

FILES = {
    "acme/__init__.py": b"x = 1\n",
    "acme/words.txt": b"hello\n",
    "acme-1.0.dist-info/METADATA": b"Name: acme\n",
    "acme-1.0.dist-info/entry_points.txt": b"[agenthost.agents]\nacme = acme:Acme\n",
}


def installed(root, files=FILES, installer=b"pip\n", script="#!/a/python\n"):
    """Write a distribution as an installer does, and return its metadata directory."""
    own = {"acme-1.0.dist-info/INSTALLER": installer, "../../bin/acme": script.encode()}
    rows = []
    for name, content in {**files, **own}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = urlsafe_b64encode(sha256(content).digest()).rstrip(b"=").decode()
        rows.append((name, f"sha256={digest}", len(content)))
    rows += [("acme/__pycache__/__init__.cpython-311.pyc", "", ""), ("acme-1.0.dist-info/RECORD", "", "")]
    location = root / "acme-1.0.dist-info"
    with (location / "RECORD").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return str(location)


def test_installers_do_not_matter(tmp_path):
    """Neither who installed it, nor where its Python is, nor whether it has been compiled."""
    one = installed(tmp_path / "a/lib/site")
    other = installed(tmp_path / "b/lib/site", installer=b"uv\n", script="#!/another/python\n")
    (tmp_path / "b/lib/site/acme/__pycache__").mkdir()
    (tmp_path / "b/lib/site/acme/__pycache__/__init__.cpython-311.pyc").write_bytes(b"code")

    assert contents_of(one) == contents_of(other)
    assert contents_of(one).changed == ()
    assert contents_of(one).digest.startswith("sha256:")


@given(name=st.sampled_from(sorted(FILES)), extra=st.binary(min_size=1, max_size=5))
def test_every_file_matters(tmp_path_factory, name, extra):
    """Code, data, METADATA and entry points, also where RECORD fits what was changed."""
    root = tmp_path_factory.mktemp("contents")
    before = contents_of(installed(root / "a/lib/site"))
    after = contents_of(installed(root / "b/lib/site", {**FILES, name: FILES[name] + extra}))

    assert before.digest != after.digest
    assert after.changed == ()


def test_files_that_differ_from_record(tmp_path):
    """Edited and missing ones are named."""
    location = installed(tmp_path / "lib/site")
    (tmp_path / "lib/site/acme/words.txt").write_text("goodbye")
    (tmp_path / "lib/site/acme/__init__.py").unlink()

    assert contents_of(location).changed == ("acme/__init__.py", "acme/words.txt")


def test_without_record(tmp_path, monkeypatch):
    """The modules of its entry points are read, with a note that no record exists."""
    location = installed(tmp_path)
    (tmp_path / "acme-1.0.dist-info/RECORD").unlink()
    monkeypatch.syspath_prepend(str(tmp_path))
    before = contents_of(location, ["acme"])
    (tmp_path / "acme/words.txt").write_text("goodbye")
    after = contents_of(location, ["acme"])

    assert (before.recorded, before.digest != after.digest) == (False, True)


def test_an_editable_install_is_read_at_its_source(tmp_path, monkeypatch):
    """An edit counts, although no installer has run."""
    site, source = tmp_path / "site", tmp_path / "src"
    metadata = {name: content for name, content in FILES.items() if "dist-info" in name}
    direct = {"url": "file:///src", "dir_info": {"editable": True}}
    location = installed(site, {**metadata, "acme-1.0.dist-info/direct_url.json": json.dumps(direct).encode()})
    (source / "acme").mkdir(parents=True)
    (source / "acme/__init__.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(source))
    before = contents_of(location, ["acme"])
    (source / "acme/__init__.py").write_text("x = 2\n")

    assert before.editable
    assert before.digest != contents_of(location, ["acme"]).digest


class TestReadings:
    @pytest.fixture
    def location(self, tmp_path):
        return installed(tmp_path / "lib/site")

    def test_unchanged_files_are_not_read_again(self, location, tmp_path, monkeypatch):
        path = str(tmp_path / "state/readings.json")
        readings = Readings(path)
        found = readings.of(location, [])
        readings.keep()

        monkeypatch.setattr("agenthost._host.generations.contents._hash", lambda _: pytest.fail("read again"))
        assert Readings(path).of(location, []) == found == Contents(found.digest)

    def test_a_changed_file_is_read(self, location, tmp_path):
        path = str(tmp_path / "state/readings.json")
        readings = Readings(path)
        before = readings.of(location, [])
        readings.keep()
        words = tmp_path / "lib/site/acme/words.txt"
        words.write_text("HELLO\n")
        os.utime(words, ns=(0, 0))

        assert Readings(path).of(location, []).digest != before.digest

    def test_a_decision_reads_each_distribution_once(self, location, tmp_path):
        """The files that are approved are those that are served."""
        readings = Readings(str(tmp_path / "readings.json"))
        approved = readings.of(location, [])
        (tmp_path / "lib/site/acme/words.txt").write_text("HELLO, WORLD\n")

        contents, files = readings.with_files(location, [])

        assert contents is approved
        assert not all(held.is_same(path) for path, held in files.items())

    @pytest.mark.parametrize("text", ["", "[]", '{"format": 1, "readings": []}', '{"format": 1, "readings": {"a": 1}}'])
    def test_damaged_readings_count_as_none(self, location, tmp_path, text):
        (tmp_path / "readings.json").write_text(text)

        assert Readings(str(tmp_path / "readings.json")).of(location, []) == contents_of(location)

    def test_a_directory_that_cannot_be_written(self, location, tmp_path):
        (tmp_path / "state").write_text("a file")
        readings = Readings(str(tmp_path / "state/readings.json"))

        assert readings.of(location, []) == contents_of(location)
        readings.keep()
