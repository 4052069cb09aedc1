"""Detection of the installer, by the files that each one leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
import uv

from agenthost._host.installer.commands import Pip, Pipx, Uv, UvTool
from agenthost._host.installer.environment import detect

RECEIPT = """
[tool]
requirements = [
    { name = "agenthost", extras = ["openai"] },
    { name = "acme", specifier = "==1.0" },
    { name = "beta", url = "https://example.com/beta.whl" },
    { name = "gamma", git = "https://example.com/gamma" },
    { name = "delta", directory = "/src/delta" },
    { name = "omega", marker = "sys_platform == 'linux'" },
]
"""


def test_pip_is_the_installer_where_nothing_says_otherwise(tmp_path):
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")

    assert isinstance(detect(str(tmp_path)), Pip)
    assert isinstance(detect(str(tmp_path / "missing"), "pip"), Pip)


def test_uv(tmp_path, monkeypatch):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert isinstance(detect(str(tmp_path), "uv"), Uv)
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.9.1\n")

    assert str(detect(str(tmp_path)).install("acme")) == f"uv pip install --python {sys.executable} acme"
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path))
    assert str(detect(str(tmp_path)).install("acme")) == "uv pip install acme"


def test_uv_tool(tmp_path):
    (tmp_path / "agenthost").mkdir()
    (tmp_path / "agenthost" / "uv-receipt.toml").write_text(RECEIPT)
    found = detect(str(tmp_path / "agenthost"), "uv")

    assert isinstance(found, UvTool)
    assert found.requirements == (
        "agenthost[openai]",
        "acme==1.0",
        "beta @ https://example.com/beta.whl",
        "gamma @ git+https://example.com/gamma",
        "/src/delta",
        "omega ; sys_platform == 'linux'",
    )


@pytest.mark.parametrize("receipt", ["", "[tool", "[tool]\nrequirements = 5\n", "tool = 1\n"])
def test_a_receipt_that_names_nothing(tmp_path, receipt):
    """Nothing is removed because it cannot be read: the environment is changed, not the tool."""
    (tmp_path / "uv-receipt.toml").write_text(receipt)

    assert isinstance(detect(str(tmp_path)), Uv)


@pytest.mark.parametrize(
    ("metadata", "tool"),
    [
        ({"main_package": {"package": "agenthost"}}, "agenthost"),
        ({"main_package": {"package": None}}, "suffixed"),
        ([], "suffixed"),
    ],
)
def test_pipx(tmp_path, metadata, tool):
    place = tmp_path / "suffixed"
    place.mkdir()
    (place / "pipx_metadata.json").write_text(json.dumps(metadata))
    found = detect(str(place), "pip")

    assert isinstance(found, Pipx)
    assert str(found.install("acme")) == f"pipx inject --force {tool} acme"


PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "{name}"
version = "{version}"
[project.scripts]
{name} = "{module}:main"
[tool.hatch.build.targets.wheel]
include = ["{module}.py"]
"""
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"


@pytest.mark.slow
def test_the_environment_of_a_real_tool(tmp_path):
    """Other packages of the tool stay when one is installed, upgraded or removed."""
    wheels = tmp_path / "wheels"
    for name, version in (("acme-tool", "1.0"), ("acme-one", "1.0"), ("acme-one", "2.0"), ("acme-two", "1.0")):
        source, module = tmp_path / f"{name}-{version}", name.replace("-", "_")
        source.mkdir()
        (source / "pyproject.toml").write_text(PROJECT.format(name=name, version=version, module=module))
        (source / f"{module}.py").write_text("def main(): pass\n")
        subprocess.run([sys.executable, "-c", BUILD, str(wheels)], cwd=source, check=True)  # noqa: S603
    environ = os.environ | {
        "UV_TOOL_DIR": str(tmp_path / "tools"),
        "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
        "UV_OFFLINE": "1",
        "UV_NO_CACHE": "1",
        "UV_FIND_LINKS": str(wheels),
        "UV_PYTHON": sys.executable,
    }
    prefix = tmp_path / "tools" / "acme-tool"

    def run(command):
        words = (uv.find_uv_bin(), *command.words[1:])
        subprocess.run(words, env=environ, check=True, capture_output=True)  # noqa: S603
        return sorted(path.name.partition(".dist-info")[0] for path in prefix.glob("lib/*/site-packages/*.dist-info"))

    run(UvTool("uv", "acme-tool", ("acme-tool",)).install("acme-one==1.0"))
    assert run(detect(str(prefix)).install("acme-two")) == ["acme_one-1.0", "acme_tool-1.0", "acme_two-1.0"]
    assert run(detect(str(prefix)).upgrade("acme-one")) == ["acme_one-2.0", "acme_tool-1.0", "acme_two-1.0"]
    assert run(detect(str(prefix)).uninstall("acme-two")) == ["acme_one-2.0", "acme_tool-1.0"]
