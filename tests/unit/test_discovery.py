"""Entry points are listed from files alone, whatever state these files are in."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import importlib_metadata
import pytest

from agenthost._discovery import AGENTS, PLUGINS, Candidate, discover, extra_for, requirement_problem

ONE_AGENT = "[agenthost.agents]\ndental = agenthost_dental:DentalAgent\n"


def install(directory: Path, stem: str, entry_points: str | bytes | None = ONE_AGENT, **files: str) -> Path:
    """Write a metadata directory.

    *files* are named without the dash. METADATA has a default.
    """
    location = directory / (stem if stem.endswith("info") else f"{stem}.dist-info")
    location.mkdir(parents=True)
    name, _, version = stem.removesuffix(".dist-info").partition("-")
    files.setdefault("METADATA", f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n\nLong text\n")
    for file, text in files.items():
        (location / file).write_text(text)
    if entry_points is not None:
        data = entry_points if isinstance(entry_points, bytes) else entry_points.encode()
        (location / "entry_points.txt").write_bytes(data)
    return location


def leave_behind(directory: Path, stem: str, entry_points: str = ONE_AGENT) -> Path:
    """Write what an interrupted uninstallation leaves: a metadata directory without METADATA."""
    location = install(directory, stem, entry_points)
    (location / "METADATA").unlink()
    return location


def listed(*directories: Path | str, groups: tuple[str, ...] = (AGENTS,)) -> list[tuple[str, str, str, str]]:
    found = discover(groups, [str(directory) for directory in directories])
    return [(found.distribution, found.version, found.name, found.value) for found in found]


def test_a_candidate_says_where_it_comes_from(tmp_path):
    location = install(tmp_path, "agenthost_dental-1.2.0")

    assert discover(path=[str(tmp_path)]) == (
        Candidate(
            group="agenthost.agents",
            name="dental",
            value="agenthost_dental:DentalAgent",
            distribution="agenthost-dental",
            version="1.2.0",
            location=str(location),
        ),
    )


def test_candidates_are_sorted_by_distribution_and_name(tmp_path):
    install(tmp_path, "zebra-1", "[agenthost.agents]\nb = z:B\na = z:A\n")
    install(tmp_path, "ant-1", "[agenthost.agents]\nd = a:D\n[agenthost]\nc = a\n")

    found = discover(path=[str(tmp_path)])

    assert [(one.distribution, one.name) for one in found] == [
        ("ant", "c"),
        ("ant", "d"),
        ("zebra", "a"),
        ("zebra", "b"),
    ]


def test_only_the_groups_asked_for(tmp_path):
    install(
        tmp_path,
        "both-1",
        "[agenthost]\nhours = both\n[agenthost.agents]\ndesk = both:Desk\n[other]\nx = y\n",
    )

    assert listed(tmp_path, groups=(PLUGINS,)) == [("both", "1", "hours", "both")]
    assert listed(tmp_path, groups=("agent",)) == []


@pytest.mark.slow
def test_nothing_heavy_is_imported_nor_any_package(tmp_path):
    """A list command pays only for the project's own scan."""
    install(tmp_path, "agenthost_dental-1.2.0", "[agenthost.agents]\ndental = agenthost_dental:DentalAgent\n")
    (tmp_path / "agenthost_dental.py").write_text("raise RuntimeError('imported')")
    program = (
        "import sys, attrs, click\n"
        "before = set(sys.modules)\n"
        "from agenthost._discovery import discover\n"
        f"assert discover(path=[{str(tmp_path)!r}])\n"
        "heavy = {'agenthost_dental', 'email', 'importlib_metadata', 'packaging', 'pathlib', 'zipfile'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = m", [("a", "m")]),
        ("a=m:A", [("a", "m:A")]),
        ("  a\t=  m:A.b [extra, other]  ", [("a", "m:A.b [extra, other]")]),
        ("front desk.1 = m:A", [("front desk.1", "m:A")]),
        ("a = m:A = B", [("a", "m:A = B")]),
        ("# a = m", []),
        ("a = m # not a comment", [("a", "m # not a comment")]),
        ("a = not-a-module", [("a", "not-a-module")]),
        ("a =", [("a", "")]),
        ("a = m:A\r\nb = m:B\r\n", [("a", "m:A"), ("b", "m:B")]),
        ("a = m:A\n\n[other]\nb = m:B\n[agenthost.agents]\nc = m:C", [("a", "m:A"), ("c", "m:C")]),
        ("[agenthost.agents.more]\na = m:A", []),
        ("[ agenthost.agents ]\na = m:A", []),
    ],
)
def test_the_format_of_entry_points(tmp_path, text, expected):
    """As in the specification, and where that is silent as in importlib_metadata."""
    install(tmp_path, "dist-1", f"[agenthost.agents]\n{text}")

    assert listed(tmp_path) == [("dist", "1", *entry) for entry in expected]


@pytest.mark.parametrize("line", ["no equals sign", "= no name", "[agenthost.agents", "\0", "[]"])
def test_a_line_that_is_no_entry_point_is_left_out(tmp_path, line):
    install(tmp_path, "dist-1", f"stray = m\n[agenthost.agents]\na = m:A\n{line}\n[agenthost.agents]\nb = m:B\n")
    install(tmp_path, "other-1")

    assert [(one[0], one[2]) for one in listed(tmp_path)] == [
        ("dist", "a"),
        ("dist", "b"),
        ("other", "dental"),
    ]


def test_bytes_that_are_no_text_cost_only_their_own_line(tmp_path):
    install(tmp_path, "dist-1", b"[agenthost.agents]\nk\xe4se = m:A\nb = m:B\n")
    install(tmp_path, "wide-1", ONE_AGENT.encode("utf-16"))

    assert [one[2] for one in listed(tmp_path)] == ["b", "k\N{REPLACEMENT CHARACTER}se"]


@pytest.mark.parametrize("stem", ["Agenthost_Dental-1", "agenthost.dental-1", "agenthost__dental-1"])
def test_names_are_canonical(tmp_path, stem):
    install(tmp_path, stem)

    assert [one[:2] for one in listed(tmp_path)] == [("agenthost-dental", "1")]


def test_the_first_directory_wins(tmp_path):
    install(tmp_path / "a", "agenthost_dental-2")
    install(tmp_path / "b", "Agenthost.Dental-1", "[agenthost.agents]\nold = m\n")

    assert [one[1:3] for one in listed(tmp_path / "a", tmp_path / "b")] == [("2", "dental")]


def test_a_complete_distribution_wins_over_a_leftover_before_it(tmp_path):
    leave_behind(tmp_path / "a", "agenthost_dental-2")
    install(tmp_path / "b", "agenthost_dental-1")
    leave_behind(tmp_path / "b", "agenthost_dental-3")

    assert [one[1] for one in listed(tmp_path / "a", tmp_path / "b")] == ["1"]


def test_without_a_complete_distribution_the_first_leftover_counts(tmp_path):
    """importlib_metadata does the same.

    Loading the agent reports the error.
    """
    leave_behind(tmp_path / "a", "agenthost_dental-2")
    leave_behind(tmp_path / "b", "agenthost_dental-1")

    assert [one[1] for one in listed(tmp_path / "a", tmp_path / "b")] == ["2"]


def test_an_interrupted_upgrade_does_not_list_an_agent_twice(tmp_path):
    """Pip renames what it replaces to ~name, and ignores it from then on."""
    install(tmp_path, "agenthost_dental-2")
    install(tmp_path, "~genthost_dental-1")

    assert [one[:2] for one in listed(tmp_path)] == [("agenthost-dental", "2")]


def test_an_empty_string_is_the_current_directory(tmp_path, monkeypatch):
    location = install(tmp_path, "agenthost_dental-1")
    monkeypatch.chdir(tmp_path)

    assert [one.location for one in discover(path=[""])] == [str(location)]


def test_what_cannot_be_read_is_passed_over(tmp_path):
    install(tmp_path, "agenthost_dental-1")
    install(tmp_path, "closed-1", None).joinpath("entry_points.txt").mkdir()
    (tmp_path / "dangling-1.dist-info").symlink_to("nowhere")

    assert [one[0] for one in listed("/no/such/directory", "a\0b", tmp_path)] == ["agenthost-dental"]


def test_an_editable_egg_info_states_its_version_inside(tmp_path):
    location = leave_behind(tmp_path, "agenthost_dental.egg-info")
    (location / "PKG-INFO").write_text("Name: agenthost-dental\nVersion: 1.2.dev0\n")

    assert [one[:2] for one in listed(tmp_path)] == [("agenthost-dental", "1.2.dev0")]


def test_an_egg_info_of_one_python_version(tmp_path):
    install(tmp_path, "agenthost_dental-1.2-py3.11.egg-info")

    assert [one[:2] for one in listed(tmp_path)] == [("agenthost-dental", "1.2")]


def test_an_egg_info_file_hides_a_later_copy(tmp_path):
    """A distutils installation has no entry points, but is the one that is imported."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "agenthost_dental-1-py3.11.egg-info").write_text("Name: agenthost-dental\n")
    install(tmp_path / "b", "agenthost_dental-1")

    assert listed(tmp_path / "a", tmp_path / "b") == []


def archive(directory: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as opened:
        for file in directory.rglob("*"):
            opened.write(file, file.relative_to(directory))
    return path


def test_archives_on_the_path_are_searched_too(tmp_path):
    install(tmp_path / "tree", "zipped-1", "[agenthost.agents]\nz = z:Z\n")
    packed = archive(tmp_path / "tree", tmp_path / "app.pyz")
    install(tmp_path / "site", "agenthost_dental-1")

    found = discover((AGENTS,), [str(packed), str(tmp_path / "site")])

    assert [(one.distribution, one.version, one.location) for one in found] == [
        ("agenthost-dental", "1", str(tmp_path / "site" / "agenthost_dental-1.dist-info")),
        ("zipped", "1", str(packed / "zipped-1.dist-info")),
    ]


def test_eggs_on_the_path_are_searched_too(tmp_path):
    info = tmp_path / "agenthost_dental-1.2-py3.11.egg" / "EGG-INFO"
    info.mkdir(parents=True)
    (info / "PKG-INFO").write_text("Metadata-Version: 1.1\nName: agenthost-dental\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(ONE_AGENT)

    assert [one[:2] for one in listed(info.parent)] == [("agenthost-dental", "1.2")]


def test_a_file_that_is_no_archive_is_passed_over(tmp_path):
    (tmp_path / "file").write_text("no zip")
    install(tmp_path / "site", "agenthost_dental-1")

    assert [one[0] for one in listed(tmp_path / "file", tmp_path / "site")] == ["agenthost-dental"]


class Remote(importlib_metadata.Distribution):
    """A distribution that lives in memory."""

    files = {"METADATA": "Name: remote\nVersion: 3\n", "entry_points.txt": "[agenthost.agents]\nr = r:R\n"}  # noqa: RUF012

    def read_text(self, filename):
        return self.files.get(filename)

    def locate_file(self, path):
        raise NotImplementedError


class RemoteFinder:
    """A finder that somebody put on sys.meta_path."""

    def find_spec(self, *args):
        return None

    def find_distributions(self, context):
        assert context.path
        yield Remote()


class BrokenFinder(RemoteFinder):
    """A finder that cannot."""

    def find_distributions(self, context):
        raise OSError


class TornFinder(RemoteFinder):
    """A finder whose distribution cannot be read."""

    def find_distributions(self, context):
        torn = Remote()
        torn.read_text = lambda filename: 1 / 0
        yield torn


def test_distributions_of_other_finders_are_listed(tmp_path, monkeypatch):
    install(tmp_path, "agenthost_dental-1")
    monkeypatch.setattr(sys, "meta_path", [RemoteFinder(), *sys.meta_path])

    assert [(one.distribution, one.version, one.location) for one in discover((AGENTS,), [str(tmp_path)])] == [
        ("agenthost-dental", "1", str(tmp_path / "agenthost_dental-1.dist-info")),
        ("remote", "3", ""),
    ]


@pytest.mark.parametrize("finder", [BrokenFinder, TornFinder])
def test_a_broken_finder_hides_nothing(tmp_path, monkeypatch, finder):
    install(tmp_path, "agenthost_dental-1")
    monkeypatch.setattr(sys, "meta_path", [finder(), RemoteFinder(), *sys.meta_path])

    assert [one[0] for one in listed(tmp_path)] == ["agenthost-dental", "remote"]


def problem(tmp_path: Path, *fields: str, version: str = "0.4.0") -> str | None:
    text = "".join(f"{field}\n" for field in ["Metadata-Version: 2.4", "Name: d", *fields])
    install(tmp_path, "agenthost_dental-1", METADATA=f"{text}\nRequires-Dist: agenthost>=77\n")
    [candidate] = discover((AGENTS,), [str(tmp_path)])
    return requirement_problem(candidate, version)


def test_a_range_that_excludes_this_host(tmp_path):
    assert problem(tmp_path, "Requires-Dist: httpx", "Requires-Dist: agenthost>=99") == (
        "it requires agenthost>=99, and this is agenthost 0.4.0"
    )


@pytest.mark.parametrize(
    "field",
    [
        "requires-dist: AgentHost (<0.4)",
        "Requires-Dist: agenthost[redis] >=0.1,\n <0.4",
        "Requires-Dist: agenthost<0.4; python_version >= '3'",
        "Requires-Dist: not a requirement\nRequires-Dist: agenthost===1",
        "Summary: from Windows\r\nRequires-Dist: agenthost<0.4\r",
    ],
)
def test_forms_of_a_range_that_excludes_this_host(tmp_path, field):
    assert problem(tmp_path, field)


@pytest.mark.parametrize(
    "field",
    [
        "Requires-Dist: agenthost",
        "Requires-Dist: agenthost>=0.4,<1",
        "Requires-Dist: agenthost @ file:///src/agenthost",
        "Requires-Dist: agenthost>=99; extra == 'next'",
        "Requires-Dist: agenthost>=99; python_version < '3'",
        "Requires-Dist: agenthost-billing>=99",
        "Requires-Dist: agenthost.billing>=99",
        "Requires-Dist: agenthost_billing>=99",
        "Requires-Dist: my-agenthost>=99",
        "Requires-Dist: agenthost>=!",
        "Summary: agenthost>=99",
        "Description: folded\n        Requires-Dist: agenthost>=99",
    ],
)
def test_fields_that_do_not_exclude_this_host(tmp_path, field):
    assert problem(tmp_path, field) is None


def test_a_pre_release_of_the_host_counts(tmp_path):
    assert problem(tmp_path, "Requires-Dist: agenthost>=0.4", version="0.5.0rc1") is None


def test_a_distribution_without_metadata_requires_nothing(tmp_path):
    leave_behind(tmp_path, "agenthost_dental-1")
    [candidate] = discover((AGENTS,), [str(tmp_path)])

    assert requirement_problem(candidate, "0.4.0") is None


def test_the_range_of_a_distribution_in_an_archive(tmp_path, monkeypatch):
    metadata = "Metadata-Version: 2.4\nName: zipped\nVersion: 1\nRequires-Dist: agenthost>=99\n"
    install(tmp_path / "tree", "zipped-1", METADATA=metadata)
    monkeypatch.syspath_prepend(os.fspath(archive(tmp_path / "tree", tmp_path / "app.zip")))
    [candidate] = [one for one in discover((AGENTS,)) if one.distribution == "zipped"]

    assert requirement_problem(candidate, "0.4.0") == "it requires agenthost>=99, and this is agenthost 0.4.0"


def test_a_distribution_that_is_gone_requires_nothing(tmp_path):
    gone = Candidate(AGENTS, "a", "m", "agenthost-gone", "1", str(tmp_path / "gone-1.dist-info"))

    assert requirement_problem(gone, "0.4.0") is None


@pytest.mark.parametrize(
    ("module", "extra"),
    [("caldav", "calendar"), ("google_auth", "google"), ("httpx", None), ("absent", None)],
)
def test_the_extra_that_brings_a_module(tmp_path, module, extra):
    fields = ["httpx", "caldav>=1; extra == 'calendar'", 'Google-Auth[requests] ; extra == "google"']
    lines = "".join(f"Requires-Dist: {field}\n" for field in fields)
    install(tmp_path, "agenthost_dental-1", METADATA=f"Name: agenthost-dental\nVersion: 1\n{lines}")
    [candidate] = discover((AGENTS,), [str(tmp_path)])

    assert extra_for(candidate, module) == extra
