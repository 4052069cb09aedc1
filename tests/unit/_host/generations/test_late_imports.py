"""Late imports: a file that has changed since is not imported."""

import importlib
import os
import py_compile
import sys
from importlib.machinery import SourceFileLoader

import pytest

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.generations.contents import Readings, held_file
from agenthost._host.generations.late_imports import LateImports

NAME = "late_bakery"
SECOND = 1_700_000_000 * 10**9
"""A time of a file, in nanoseconds."""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """An installed package, of which nothing is imported yet."""
    package, info = tmp_path / NAME, tmp_path / f"{NAME}-1.0.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text("")
    (package / "oven.py").write_text("HEAT = 1\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: late-bakery\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[agenthost.agents]\nbakery = {NAME}.oven:Bakery\n")
    (info / "RECORD").write_text(f"{NAME}/__init__.py,,\n{NAME}/oven.py,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in [each for each in sys.modules if each.partition(".")[0] == NAME]:
        del sys.modules[name]


@pytest.fixture
def finder(site, monkeypatch):
    return installed(site, monkeypatch)


def installed(site, monkeypatch):
    """Return a finder for the files as they are now."""
    _, held = Readings(str(site / "readings.json")).with_files(str(site / f"{NAME}-1.0.dist-info"), [NAME])
    files, lock = {path: ("late-bakery", file) for path, file in held.items()}, str(site / "agenthost.lock")
    finder = LateImports(files, {"late_bakery.hangs": 10.0}, (lock, held_file(lock)))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    finder.install()
    return finder


def test_what_is_as_it_was_is_imported(finder):
    assert importlib.import_module(f"{NAME}.oven").HEAT == 1


def test_what_has_changed_is_refused_and_reported(finder, site, caplog):
    reported = []
    finder.report = reported.append
    (site / NAME / "oven.py").write_text("HEAT = 200\n")

    with pytest.raises(ImportError, match=r"oven\.py has changed since this host loaded late-bakery\. fix: agenthost"):
        importlib.import_module(f"{NAME}.oven")
    assert reported == ["late-bakery"]
    assert f"module {NAME}.oven is refused" in caplog.text


def test_other_modules_are_no_concern_of_it(finder, site):
    (site / NAME / "new.py").write_text("NEW = True\n")
    importlib.invalidate_caches()

    assert importlib.import_module(f"{NAME}.new").NEW
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(f"{NAME}.missing")


def test_a_module_whose_import_hung_is_not_imported_again(finder):
    with pytest.raises(TimeoutError, match="did not finish loading within 10 s"):
        importlib.import_module(f"{NAME}.hangs")


def test_bytecode_of_an_earlier_edit_within_the_same_second_is_not_used(site, monkeypatch):
    """Python itself compares only the second and the size."""
    source = site / NAME / "oven.py"
    os.utime(source, ns=(SECOND, SECOND))
    bytecode = py_compile.compile(str(source))
    os.utime(bytecode, ns=(SECOND, SECOND + 1))
    source.write_text("HEAT = 2\n")
    os.utime(source, ns=(SECOND, SECOND + 2))
    importlib.invalidate_caches()
    assert importlib.import_module(f"{NAME}.oven").HEAT == 1
    del sys.modules[f"{NAME}.oven"]

    installed(site, monkeypatch)

    assert importlib.import_module(f"{NAME}.oven").HEAT == 2


def test_bytecode_that_is_newer_than_its_source_is_used(site, monkeypatch):
    source = site / NAME / "oven.py"
    os.utime(source, ns=(SECOND, SECOND))
    py_compile.compile(str(source))
    installed(site, monkeypatch)

    assert type(importlib.import_module(f"{NAME}.oven").__loader__) is SourceFileLoader


def _nothing(_):
    pass


def _edited(site):
    (site / NAME / "oven.py").write_text("HEAT = 200\n")


def _upgraded(site):
    (site / f"{NAME}-1.0.dist-info").rename(site / f"{NAME}-2.0.dist-info")


def _hidden(site):
    """Install another version in a directory that Python reads first."""
    other = site / "first" / f"{NAME}-3.0.dist-info"
    other.mkdir(parents=True)
    sys.path.insert(0, str(site / "first"))


def _locked(site):
    (site / "agenthost.lock").write_text("format = 1\n")


def _offered(site):
    with (site / f"{NAME}-1.0.dist-info" / "entry_points.txt").open("a") as file:
        file.write("second = another_module:Bakery\n")


@pytest.mark.parametrize(
    ("change", "as_it_is"),
    [(_nothing, True), (_edited, False), (_upgraded, False), (_hidden, False), (_locked, False), (_offered, True)],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_a_distribution_is_as_it_was_decided(finder, site, change, as_it_is):
    """Its files and the lock file are the same, and nothing comes before it.

    RECORD does not list the entry points here, so that they do not count.
    """
    offer = Candidate(
        AGENTS, "bakery", f"{NAME}.oven:Bakery", "late-bakery", "1.0", str(site / f"{NAME}-1.0.dist-info")
    )
    change(site)

    assert finder.has_as_it_is(offer) is as_it_is
