"""Our scan finds what importlib_metadata finds, on any tree of metadata directories."""

import sys
import tempfile
from pathlib import Path
from unittest import mock

import attrs
import importlib_metadata
from hypothesis import given, settings, strategies as st

from agenthost._discovery import AGENTS, PLUGINS, discover

GROUPS = (AGENTS, PLUGINS)


def breaks_lines(character: str) -> bool:
    return len(f"a{character}b".splitlines()) > 1


characters = st.sampled_from("ab=[]#:. \t-") | st.characters(exclude_categories=["Cs"])
words = st.text(characters.filter(lambda character: not breaks_lines(character)), max_size=8)
lines = st.one_of(
    st.sampled_from([f"[{group}]" for group in GROUPS]),
    st.sampled_from(["[other]", " [[agenthost]] ", "", "  ", "# agenthost = x", "a = b\fc = d\u2028e = f"]),
    st.builds("{}={}".format, words, words),
    st.builds("{} = {}:{} [{}]".format, words, words, words, words),
)
texts = st.lists(lines, max_size=8).map("\n".join)


@attrs.frozen
class Installed:
    """One child of a directory on sys.path."""

    name: str
    version: str
    suffix: str
    metadata: str | None
    entry_points: str | None
    is_file: bool

    def write(self, directory: Path) -> None:
        location = directory / f"{self.name}{self.version and '-'}{self.version}.{self.suffix}"
        headers = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version or '7'}\n\ntext"
        if location.exists():
            return
        if self.is_file:
            location.write_text(headers)
            return
        location.mkdir()
        if self.metadata:
            (location / self.metadata).write_text(headers)
        if self.entry_points is not None:
            (location / "entry_points.txt").write_text(self.entry_points, encoding="utf-8", newline="")


installations = st.builds(
    Installed,
    name=st.sampled_from(["dental", "Dental", "front_desk", "front.desk", "Front__Desk", "other"]),
    version=st.sampled_from(["1.0", "2.0rc1", ""]),
    suffix=st.sampled_from(["dist-info", "dist-info", "egg-info"]),
    metadata=st.sampled_from(["METADATA", "METADATA", "PKG-INFO", None]),
    entry_points=st.none() | texts,
    is_file=st.sampled_from([False, False, False, True]),
)


class Silent:
    """A finder that finds nothing, yet makes discovery ask the finders."""

    @staticmethod
    def find_spec(*_):
        return None

    @staticmethod
    def find_distributions(context):
        return ()


def answer_of_importlib_metadata() -> list[tuple[str, str, str, str, str]]:
    return sorted(
        (entry.dist._normalized_name.replace("_", "-"), entry.name, group, entry.value, str(entry.dist._path))
        for group in GROUPS
        for entry in importlib_metadata.entry_points(group=group)
        if entry.name
    )


@settings(deadline=None, max_examples=200)
@given(st.lists(st.lists(installations, max_size=4), min_size=1, max_size=3))
def test_the_scan_agrees_with_importlib_metadata(tree):
    with tempfile.TemporaryDirectory() as root:
        path = []
        for number, children in enumerate(tree):
            directory = Path(root, str(number))
            directory.mkdir()
            path.append(str(directory))
            for child in children:
                child.write(directory)
        with mock.patch.object(sys, "path", path):
            found = discover(GROUPS)
            assert [
                (one.distribution, one.name, one.group, one.value, one.location) for one in found
            ] == answer_of_importlib_metadata()
        with mock.patch.object(sys, "meta_path", [Silent, *sys.meta_path]):
            assert discover(GROUPS, path) == found


@settings(deadline=None)
@given(st.binary() | texts.map(str.encode), st.sampled_from([b"", b"[agenthost]\n"]))
def test_no_file_makes_the_scan_fail_or_lose_the_others(data, head):
    with tempfile.TemporaryDirectory() as root:
        for name, text in [
            ("a", b"[agenthost]\na = m\n"),
            ("b", head + data),
            ("c", b"[agenthost]\nc = m\n"),
        ]:
            location = Path(root, f"{name}-1.dist-info")
            location.mkdir()
            (location / "METADATA").write_bytes(text)
            (location / "entry_points.txt").write_bytes(text)

        distributions = {one.distribution for one in discover(GROUPS, [root])}

        assert {"a", "c"} <= distributions <= {"a", "b", "c"}
