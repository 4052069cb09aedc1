"""A reader of Containerfiles, and wheels of installed distributions."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from importlib.metadata import Distribution
    from pathlib import Path

__all__ = ["Instruction", "instructions", "wheel_of"]


@attrs.frozen
class Instruction:
    """One instruction of a Containerfile."""

    stage: str
    word: str
    rest: str

    @property
    def listed(self) -> list[str]:
        """Its JSON array."""
        return json.loads(self.rest[self.rest.index("[") :])

    @property
    def command(self) -> str:
        """The command of a RUN, without its mounts."""
        return re.sub(r"^(--mount=\S+\s+)*", "", self.rest)

    @property
    def variables(self) -> dict[str, str]:
        """The variables of an ENV."""
        pairs = re.findall(r'([A-Z_]+)=("(?:[^"\\]|\\.)*"|\S+)', self.rest)
        return {name: re.sub(r"\\(.)", r"\1", value.strip('"')) for name, value in pairs}


def instructions(text: str) -> list[Instruction]:
    """Return the instructions of a Containerfile, in order."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found, stage = [], ""
    for line in re.sub(r"\\\n\s*", "", lines).splitlines():
        if line:
            word, _, rest = line.partition(" ")
            stage = rest.rpartition(" AS ")[2] if word == "FROM" and " AS " in rest else "" if word == "FROM" else stage
            found.append(Instruction(stage, word, rest))
    return found


def wheel_of(installed: Distribution, directory: Path) -> Path:
    """Write the wheel that an installed distribution came from."""
    [about] = [each for each in installed.files or () if each.name == "WHEEL"]
    tag = re.findall(r"^Tag: (\S+)$", installed.read_text("WHEEL"), re.MULTILINE)[-1]  # py3 comes after py2
    name = re.sub(r"[-_.]+", "_", installed.metadata["Name"])
    wheel = directory / f"{name}-{installed.version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w") as packed:
        for each in installed.files:
            inside = not str(each).startswith("..") and each.suffix != ".pyc"
            if inside and (
                each.parent != about.parent or each.name not in {"INSTALLER", "REQUESTED", "direct_url.json"}
            ):
                packed.write(installed.locate_file(each), str(each))
    return wheel
