"""Detection of the installer that made this environment, by the files that it left there.

The files are ``uv-receipt.toml`` (uv tool), ``pipx_metadata.json`` (pipx), ``uv =`` in ``pyvenv.cfg``, and
``INSTALLER`` of agenthost itself. Without any of them it is pip.
"""

# No pathlib: every start that reports a problem pays for it.
# ruff: noqa: PTH113, PTH118, PTH123

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.installer.commands import Installer

__all__ = ["detect", "installer"]


@cache
def installer() -> Installer:
    """Return the installer of the environment that runs this process."""
    return detect(sys.prefix, _installer_of_agenthost())


def detect(prefix: str, by: str = "") -> Installer:
    """Return the installer of an environment.

    ``prefix`` is its directory. ``by`` is the content of ``INSTALLER`` of a distribution in it.
    """
    import shutil  # noqa: PLC0415 - only where something has to be fixed

    from agenthost._host.installer.commands import Pip, Pipx, Uv, UvTool  # noqa: PLC0415 - the same

    uv = shutil.which("uv") or "uv"
    if (receipt := _toml(os.path.join(prefix, "uv-receipt.toml"))) is not None and (known := _requirements(receipt)):
        return UvTool(uv, os.path.basename(prefix), known)  # noqa: PTH119
    if (metadata := _json(os.path.join(prefix, "pipx_metadata.json"))) is not None:
        main = _table(metadata, "main_package").get("package")
        return Pipx(shutil.which("pipx") or "pipx", str(main or os.path.basename(prefix)))  # noqa: PTH119
    python = sys.executable if prefix == sys.prefix else _python(prefix)
    by_uv = (
        by == "uv"
        or receipt is not None
        or re.search(r"^uv\s*=", _text(os.path.join(prefix, "pyvenv.cfg")), re.MULTILINE)
    )
    return Uv(uv, python, active=os.environ.get("VIRTUAL_ENV") == prefix) if by_uv else Pip(python)


def _installer_of_agenthost() -> str:
    from importlib.metadata import PackageNotFoundError, distribution  # noqa: PLC0415 - as above

    with suppress(PackageNotFoundError):
        return (distribution("agenthost").read_text("INSTALLER") or "").strip()
    return ""


def _requirements(receipt: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the requirements of a receipt of uv, as the command line takes them."""
    listed = _table(receipt, "tool").get("requirements")
    return tuple(_requirement(each) for each in (listed if isinstance(listed, list) else ()) if isinstance(each, dict))


def _requirement(entry: Mapping[str, Any]) -> str:
    place = entry.get("editable") or entry.get("directory") or entry.get("path")
    if place is not None:
        return str(place)
    extras = entry.get("extras") or ()
    name = str(entry.get("name", "")) + (f"[{','.join(map(str, extras))}]" if extras else "")
    if (git := entry.get("git")) is not None:
        return f"{name} @ git+{git}"
    if (url := entry.get("url")) is not None:
        return f"{name} @ {url}"
    marker = entry.get("marker")
    return f"{name}{entry.get('specifier', '')}" + (f" ; {marker}" if marker else "")


def _python(prefix: str) -> str:
    beside = (os.path.join(prefix, *parts) for parts in (("bin", "python"), ("Scripts", "python.exe")))
    return next((path for path in beside if os.path.isfile(path)), sys.executable)


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = values.get(name)
    return table if isinstance(table, dict) else {}


def _toml(path: str) -> Mapping[str, Any] | None:
    """Return a file's content, or None without one.

    It is empty if it cannot be read.
    """
    if not os.path.isfile(path):
        return None
    import tomllib  # noqa: PLC0415 - only for the environments of uv tool

    try:
        return tomllib.loads(_text(path))
    except ValueError:
        return {}


def _json(path: str) -> Mapping[str, Any] | None:
    """Return a file's content, as ``_toml`` does."""
    if not os.path.isfile(path):
        return None
    import json  # noqa: PLC0415 - only for the environments of pipx

    with suppress(ValueError):
        content = json.loads(_text(path))
        if isinstance(content, dict):
            return content
    return {}


def _text(path: str) -> str:
    with suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
    return ""
