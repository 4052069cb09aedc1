"""Files that an isolated agent can reach: the allow-list that Landlock enforces.

Readable are the interpreter, the installed packages, the sources of editable ones, and what programs need of the
system. A directory that also contains the host's configuration or state is listed without them.
"""

# No pathlib: a process that starts needs to be quick.
# ruff: noqa: PTH123

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["DEVICES", "readable"]

_SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store", "/home/linuxbrew/.linuxbrew", "/proc", "/sys"),
    *("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/crypto-policies", "/etc/alternatives", "/etc/fonts"),
    *("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone"),
    *("/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"),
    *("/etc/services", "/etc/protocols", "/etc/passwd", "/etc/group", "/etc/mime.types", "/etc/os-release"),
    *("/run/systemd/resolve", "/run/NetworkManager/resolv.conf", "/dev/random", "/dev/urandom"),
)
_AGENTHOST = os.path.realpath(f"{__file__}/../../..")
DEVICES = ("/dev/null", "/dev/zero", "/dev/full")
"""Devices that may be written."""


def readable(private: Collection[str]) -> tuple[list[str], list[str]]:
    """Return what an isolated agent may read, and directories that it may only list.

    ``private`` are files and directories of the host.
    """
    kept = {os.path.realpath(path) for path in private}
    roots = [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix, _AGENTHOST]
    places = [path for path in sys.path if path.startswith("/")]
    roots += [*places, *(each for place in places for each in _linked(place))]
    if (certificates := os.environ.get("SSL_CERT_FILE")) is not None:
        roots.append(certificates)
    listed: list[str] = []
    found = [each for root in dict.fromkeys(roots) for each in _without(os.path.realpath(root), kept, listed)]
    return [*_SYSTEM, *found], listed


def _linked(place: str) -> Iterator[str]:
    """Yield what a directory of packages only refers to: links, and sources of editable installations."""
    with suppress(OSError), os.scandir(place) as entries:
        for entry in entries:
            if entry.is_symlink() and place.endswith("-packages"):
                yield entry.path
            elif entry.name.endswith(".dist-info"):
                with suppress(OSError, ValueError, KeyError, TypeError):
                    with open(f"{entry.path}/direct_url.json", encoding="utf-8") as file:
                        direct = json.load(file)
                    if direct["dir_info"]["editable"]:
                        yield url2pathname(urlsplit(direct["url"]).path)


def _without(path: str, private: Iterable[str], listed: list[str]) -> Iterator[str]:
    """Yield a path, or the parts of a directory that are not private.

    Of such a directory, hidden files are left out too. It is added to ``listed``.
    """
    inside = [each for each in private if each == path or each.startswith(f"{path.rstrip('/')}/")]
    if not inside:
        yield path
    elif path not in inside:
        listed.append(path)
        with suppress(OSError), os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    yield from _without(os.path.realpath(entry.path), inside, listed)
