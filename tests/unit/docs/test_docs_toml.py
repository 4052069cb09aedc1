"""Every TOML block can be pasted where its page says."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from pages import Block, every

from agenthost._host.config.load import load_config

BLOCKS = every("toml")
_CONFIGURATION = [block for block in BLOCKS if block.file in ("", "agenthost.toml")]
_PROJECTS = [block for block in BLOCKS if block.file == "pyproject.toml"]


@pytest.mark.parametrize("block", _CONFIGURATION, ids=[block.name for block in _CONFIGURATION])
def test_configuration_is_read(block: Block, tmp_path, monkeypatch):
    """With what its secrets refer to in place, it is read without a warning."""
    monkeypatch.chdir(tmp_path)
    for file in re.findall(r'file = "([^"]+)"', block.text):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(f"secret-of-{file}", encoding="utf-8")
    (tmp_path / "agenthost.toml").write_text(block.text, encoding="utf-8")
    environ = {name: f"redis://secret-of-{name}" for name in re.findall(r'env = "([^"]+)"', block.text)}

    assert load_config(None, environ).warnings == ()


@pytest.mark.parametrize("block", _PROJECTS, ids=[block.name for block in _PROJECTS])
def test_projects_offer_something_to_this_agenthost(block: Block):
    """A project has an entry point in one of our groups, and allows this version."""
    from agenthost import __version__  # noqa: PLC0415 - a private name stays where it is used

    project = tomllib.loads(block.text)["project"]
    wanted = {Requirement(line).name: Requirement(line).specifier for line in project["dependencies"]}

    assert {"agenthost", "agenthost.agents", "agenthost.skills"} & project["entry-points"].keys()
    assert wanted["agenthost"].contains(__version__)
