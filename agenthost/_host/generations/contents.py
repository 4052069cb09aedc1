"""Contents of a distribution: one digest of its code, data, metadata and entry points.

The same release has the same digest whichever installer put it there: what installers write differently (RECORD,
INSTALLER, REQUESTED, direct_url.json, uv_cache.json, scripts with their shebang lines) and bytecode are left out. The
files are those that RECORD lists, and for an editable install those of the modules that its entry points name. Every
file is read, unless its size and time stamp are those of an earlier reading.
"""

# No pathlib: every start pays for each file.
# ruff: noqa: PTH103, PTH105, PTH108, PTH113, PTH116, PTH117, PTH118, PTH119, PTH120, PTH123

from __future__ import annotations

import csv
import json
import os
import sys
from base64 import urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenthost._host.config.schema import Config

__all__ = [
    "Contents",
    "HeldFile",
    "Readings",
    "contents_of",
    "editable_folder",
    "held_file",
    "held_files",
    "is_editable",
    "listing",
    "module_files",
    "recorded_files",
]

_OF_INSTALLERS = frozenset(
    {
        *("RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json"),
        *("uv_build.json", "uv_cache.json"),
    }
)
_FORMAT = 1


@frozen
class Contents:
    """The content of a distribution."""

    digest: str
    """``sha256:`` and 64 hexadecimal digits; empty where no file of it is known."""
    editable: bool = False
    recorded: bool = True
    changed: tuple[str, ...] = ()


class HeldFile(NamedTuple):
    """A file as it was when a generation was decided."""

    stamp: tuple[int, int] | None
    """Its size and time stamp; None where there was none."""
    recorded: str
    """Its hash in RECORD; empty where none was recorded."""

    def is_same(self, path: str) -> bool:
        """Return True if the file has not changed since."""
        return _stamp(path) == self.stamp or (bool(self.recorded) and _hash(path) == self.recorded)


class Readings:
    """Earlier readings of distributions, in a file of the state directory.

    What cannot be read of the file counts as nothing, and it is written when that is possible. Each distribution is
    read once.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._known = _read_readings(path)
        self._now: dict[str, Any] = {}
        self._read: dict[tuple[str, tuple[str, ...]], tuple[Contents, dict[str, HeldFile]]] = {}

    @classmethod
    def of_host(cls, config: Config) -> Readings:
        """Open the readings in a host's state directory."""
        return cls(os.path.join(config.host.state_dir, "readings.json"))

    def of(self, location: str, modules: Sequence[str]) -> Contents:
        """Read a distribution, or recall an earlier reading where no file has changed since."""
        return self.with_files(location, modules)[0]

    def with_files(self, location: str, modules: Sequence[str]) -> tuple[Contents, dict[str, HeldFile]]:
        """Read a distribution, see ``of``, and return its files by their paths, too."""
        asked = location, tuple(modules)
        if asked not in self._read:
            self._read[asked] = self._with_files(location, modules)
        return self._read[asked]

    def _with_files(self, location: str, modules: Sequence[str]) -> tuple[Contents, dict[str, HeldFile]]:
        files = _files(location, modules)
        held = {path: HeldFile(_stamp(path), recorded) for _, path, recorded in files}
        stamp = sha256(repr([(name, held[path].stamp) for name, path, _ in files]).encode()).hexdigest()
        known = self._known.get(location)
        if known is None or known.get("stamp") != stamp:
            found = _contents(location, files)
            known = {"stamp": stamp, "contents": [found.digest, found.editable, found.recorded, list(found.changed)]}
        self._now[location] = known
        digest, editable, recorded, changed = known["contents"]
        return Contents(digest, editable, recorded, tuple(changed)), held

    def keep(self) -> None:
        """Write the readings for the next start.

        If the directory cannot be written, the next start takes longer.
        """
        if self._now == self._known:
            return
        beside = f"{self._path}.{os.getpid()}"
        try:
            os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
            with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump({"format": _FORMAT, "readings": self._now}, file)
            os.replace(beside, self._path)
        except OSError:
            with suppress(OSError):
                os.unlink(beside)


def held_file(path: str) -> HeldFile:
    """Return a file as it is now, of which nothing is recorded."""
    return HeldFile(_stamp(path), "")


def held_files(location: str, modules: Sequence[str]) -> dict[str, HeldFile]:
    """Return the files of a distribution as they are now, by their paths."""
    return {path: HeldFile(_stamp(path), recorded) for _, path, recorded in _files(location, modules)}


def contents_of(location: str, modules: Sequence[str] = ()) -> Contents:
    """Read a distribution, see ``Readings.of``."""
    return _contents(location, _files(location, modules))


def listing(location: str, name: str) -> Literal["unknown", "absent", "same", "changed"]:
    """Compare one file with what its distribution recorded.

    Returns:
        ``unknown`` where nothing is recorded, ``absent`` where this file is not, else whether it is the ``same``.
    """
    rows = dict(_recorded(location))
    if not rows or is_editable(location):
        return "unknown"
    if name not in rows:
        return "absent"
    path = os.path.join(os.path.dirname(location), name)
    return "same" if not rows[name] or _hash(path) == rows[name] else "changed"


def _contents(location: str, files: Iterable[tuple[str, str, str]]) -> Contents:
    lines, changed = [], []
    for name, path, recorded in files:
        found = _hash(path)
        lines.append(f"{name}\0{found}")
        if recorded and found != recorded:
            changed.append(name)
    digest = sha256("\n".join(sorted(lines)).encode()).hexdigest()
    return Contents(
        f"sha256:{digest}" if lines else "",
        is_editable(location),
        os.path.isfile(os.path.join(location, "RECORD")),
        tuple(sorted(changed)),
    )


def _files(location: str, modules: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return name, path and recorded hash of each relevant file, sorted by name."""
    root, own = os.path.split(location)
    found = {name: (os.path.join(root, name), digest) for name, digest in _recorded(location) if _counts(name, own)}
    if not found:
        listed = (f"{own}/{name}" for name in ("METADATA", "PKG-INFO", "entry_points.txt"))
        found = {name: (path, "") for name in listed if os.path.isfile(path := os.path.join(root, name))}
    if is_editable(location) or not os.path.isfile(os.path.join(location, "RECORD")):
        found |= {name: (path, "") for module in modules for name, path in module_files(module)}
    return sorted((name, path, digest) for name, (path, digest) in found.items())


def _recorded(location: str) -> Iterator[tuple[str, str]]:
    with suppress(OSError, UnicodeError, csv.Error), open(f"{location}/RECORD", encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if len(row) > 1 and row[0]:
                yield row[0], row[1]


def _counts(name: str, own: str) -> bool:
    """Return True if a file of RECORD is the distribution's own, not its installer's."""
    directory, _, leaf = name.rpartition("/")
    outside = name.startswith(("..", "/")) or os.path.isabs(name)
    return not outside and not name.endswith(".pyc") and not (directory == own and leaf in _OF_INSTALLERS)


def is_editable(location: str) -> bool:
    """Return True if a distribution is installed in editable mode, or served from its source."""
    return editable_folder(location) is not None


def editable_folder(location: str) -> str | None:
    """Return the folder of an editable distribution, see ``is_editable`` (PEP 610)."""
    try:
        with open(f"{location}/direct_url.json", encoding="utf-8") as file:
            told = json.load(file)
        return unquote(urlsplit(told.get("url", "")).path) if told["dir_info"]["editable"] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def recorded_files(location: str, suffix: str) -> list[str]:
    """Return the paths of files with a suffix that RECORD of a distribution lists."""
    root = os.path.dirname(location)
    return [os.path.join(root, name) for name, _ in _recorded(location) if name.endswith(suffix)]


def module_files(module: str) -> Iterator[tuple[str, str]]:
    """Yield name and path of each file of a top-level module, without importing it."""
    spec = None
    for finder in sys.meta_path:  # an editable install may have brought one of its own
        with suppress(Exception):
            spec = spec or finder.find_spec(module, None)
    if spec is None:
        return
    for folder in spec.submodule_search_locations or ():
        for directory, folders, names in os.walk(folder):
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            for name in names:
                path = os.path.join(directory, name)
                if not name.endswith(".pyc"):
                    yield f"{module}/{os.path.relpath(path, folder).replace(os.sep, '/')}", path
    if spec.submodule_search_locations is None and spec.origin is not None:
        yield os.path.basename(spec.origin), spec.origin


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def _hash(path: str) -> str:
    """Return a file's hash in the form of RECORD, or an empty text."""
    try:
        with open(path, "rb", buffering=0) as file:
            digest = sha256(file.read()).digest()
    except OSError:
        return ""
    return f"sha256={urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _read_readings(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        readings: dict[str, Any] = content["readings"] if content["format"] == _FORMAT else {}
        return {
            location: each
            for location, each in readings.items()
            if len(each["contents"]) == len(Contents.__attrs_attrs__)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
