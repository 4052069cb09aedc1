"""Overlay: the metadata of a source, found as if the source was installed.

A directory with the ``.dist-info`` of the source is put before the others on ``sys.path``, which every process of the
host inherits. So everything that finds, imports and compares packages works as it does for installed ones.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agenthost._host.authoring.sources import Source

__all__ = ["Overlay", "overlaid"]


@define
class Overlay:
    """The directory of the metadata of one source."""

    directory: Path
    _edits: int = 0

    def write(self, source: Source) -> None:
        """Write the metadata of a source anew, which makes the host load it again."""
        if not source.entry_points:
            return
        for earlier in self.directory.glob("*.dist-info"):
            shutil.rmtree(earlier)
        name = re.sub(r"[-_.]+", "_", source.name).lower()
        metadata = self.directory / f"{name}-{source.version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(source.metadata, encoding="utf-8")
        (metadata / "direct_url.json").write_text(_editable(source.folder), encoding="utf-8")
        self._edits += 1
        numbered = f"# edit {self._edits}\n{source.entry_points_text}"
        (metadata / "entry_points.txt").write_text(numbered, encoding="utf-8")


def _editable(folder: str) -> str:
    """Return the content of direct_url.json for a project whose author can correct it (PEP 610)."""
    return json.dumps({"url": Path(folder).as_uri(), "dir_info": {"editable": True}})


@contextmanager
def overlaid(source: Source) -> Iterator[Overlay]:
    """Let a source be found in this process, and in all that it starts."""
    directory = Path(tempfile.mkdtemp(prefix="agenthost-source-"))
    overlay, owner, before = Overlay(directory), os.getpid(), sys.path[:]
    try:
        overlay.write(source)
        sys.path[:0] = [str(directory), *source.paths] if source.entry_points else []
        yield overlay
    finally:
        sys.path[:] = before
        if os.getpid() == owner:  # not in a process that was forked during the block
            shutil.rmtree(directory, ignore_errors=True)
