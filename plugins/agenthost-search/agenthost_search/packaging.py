"""A package of an index, so that a knowledge base is installed like an agent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agenthost import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FILE", "make_package", "module_of"]

FILE = "index.sqlite"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PROJECT = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.1.0"
description = "A knowledge base for agents of agenthost."
readme = "README.md"
requires-python = ">=3.11"
keywords = ["agenthost", "knowledge base"]

[tool.hatch.build.targets.wheel]
packages = ["{module}"]
"""
_README = """\
# {name}

A knowledge base. An agent answers from it by the skill of
[agenthost-search](https://pypi.org/project/agenthost-search/):

```py
self.add_skill("search", {{"index": "{module}:{file}"}})
```
"""


def module_of(name: str) -> str:
    """Return the import package of a distribution.

    Raises:
        ConfigurationError: the name is not a plain one.
    """
    if not _NAME.fullmatch(name) or name[0].isdigit():
        raise ConfigurationError(
            f"{name!r} cannot be the name of a package. fix: lower case with hyphens, cinema-facts"
        )
    return name.replace("-", "_")


def make_package(folder: Path, name: str) -> Path:
    """Write a project for an index, and return the file of the index in it.

    Files that exist stay, so that a new index of the same package keeps its version.

    Args:
        folder: Folder below which the project is made
        name: Name of the distribution
    """
    module = module_of(name)
    project = folder / name
    (project / module).mkdir(parents=True, exist_ok=True)
    words = {"name": name, "module": module, "file": FILE}
    for file, text in (
        (project / "pyproject.toml", _PROJECT.format_map(words)),
        (project / "README.md", _README.format_map(words)),
        (project / module / "__init__.py", f'"""The knowledge base of {name}."""\n'),
    ):
        if not file.exists():
            file.write_text(text, encoding="utf-8")
    return project / module / FILE
