"""Private files: keys, sockets and databases for the host's user alone.

A file from another user, or one behind a symbolic link, could give away the host's keys or its memory. Windows has
other rules, and is not checked.
"""

# No pathlib: every start of the host reads keys.

from __future__ import annotations

import errno
import os
import shlex
import stat
from contextlib import suppress

from agenthost.errors import ConfigurationError

__all__ = [
    "check_database",
    "check_private",
    "read_private",
    "temporary_directories",
    "temporary_directory",
    "write_private",
]

_OTHERS = 0o077
_OTHERS_WRITE = 0o022
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFSOCK: "socket"}
_AT_ONCE = 65536


def check_private(path: str, key: str, kind: int = stat.S_IFREG) -> None:
    """Reject a file that another user may have created or can open.

    A missing file passes.

    ``kind`` is ``stat.S_IFREG``, ``S_IFDIR`` or ``S_IFSOCK``.

    Raises:
        ConfigurationError: it is a symbolic link, of another kind, of another owner, or open to other users.
        OSError: its status cannot be read.
    """
    if os.name != "posix":
        return
    path = path.rstrip("/") or "/"
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return
    _check(path, found, key, kind)


def check_database(path: str, key: str) -> None:
    """Reject a database that ``check_private`` rejects, or in a directory writable by others.

    The database puts its logs next to it.

    Raises:
        ConfigurationError: see ``check_private``.
        OSError: it cannot be looked at.
    """
    if os.name != "posix":
        return
    directory = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
    try:
        found = os.stat(directory)  # noqa: PTH116
    except FileNotFoundError:
        return
    if found.st_mode & _OTHERS_WRITE or found.st_uid not in (0, os.geteuid()):
        mode = stat.S_IMODE(found.st_mode)
        raise ConfigurationError(
            f"{directory}: {key}: other users can put files next to it, such as its log (mode {mode:04o}, owner "
            f"{_name(found.st_uid)}). fix: name a directory that only {_name(os.geteuid())} can write"
        )
    check_private(path, key)


def read_private(path: str, key: str) -> bytes:
    """Read a file that ``check_private`` accepts.

    The check uses the open file, which cannot be replaced in between.

    Raises:
        ConfigurationError: see ``check_private``.
        OSError: it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EACCES, errno.ENXIO):
            check_private(path, key)  # raises with the reason
        raise
    try:
        if os.name == "posix":
            _check(path, os.fstat(descriptor), key, stat.S_IFREG)
        data = b""
        while piece := os.read(descriptor, _AT_ONCE):
            data += piece
        return data
    finally:
        os.close(descriptor)


def write_private(path: str, text: str) -> None:
    """Write a file for this user alone, whole or not at all.

    Raises:
        OSError: it, or its directory, cannot be written. What was there stays.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)  # noqa: PTH103, PTH120
    draft = f"{path}.{os.urandom(4).hex()}"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)  # noqa: PTH108
        raise


def temporary_directory(prefix: str) -> str:
    """Make a directory for this user alone, where temporary files are."""
    made = os.path.join(_temporary_place(), f"{prefix}{os.urandom(8).hex()}")  # noqa: PTH118
    os.mkdir(made, 0o700)  # noqa: PTH102
    return made


def temporary_directories(prefix: str) -> list[str]:
    """Return the paths of what is there with this prefix."""
    place = _temporary_place()
    return [os.path.join(place, name) for name in os.listdir(place) if name.startswith(prefix)]  # noqa: PTH118, PTH208


def _temporary_place() -> str:
    """Return the directory of temporary files.

    ``tempfile`` is imported only where the usual one cannot be used: the supervisor keeps what it imports.
    """
    usual = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - names in it are random
    if os.access(usual, os.W_OK | os.X_OK):
        return os.path.abspath(usual)  # noqa: PTH100
    import tempfile  # noqa: PLC0415 - see above

    return tempfile.gettempdir()


def _check(path: str, found: os.stat_result, key: str, kind: int) -> None:
    where, quoted = f"{path}: {key}", shlex.quote(path)
    if stat.S_ISLNK(found.st_mode):
        real = os.path.realpath(path)
        remedy = f'name the directory itself: "{real}"' if kind == stat.S_IFDIR else f"mv {shlex.quote(real)} {quoted}"
        raise ConfigurationError(f"{where}: it is a symbolic link, and may lead to a file of others. fix: {remedy}")
    if stat.S_IFMT(found.st_mode) != kind:
        raise ConfigurationError(f"{where}: it is not a {_KINDS[kind]}. fix: move it away, or name another directory")
    user = os.geteuid()
    if found.st_uid != user:
        raise ConfigurationError(
            f"{where}: it belongs to {_name(found.st_uid)}, and the host runs as {_name(user)}. "
            f"fix: run it as {_name(found.st_uid)}, or, where you trust the content: sudo chown {_name(user)} {quoted}"
        )
    if found.st_mode & _OTHERS:
        mode = stat.S_IMODE(found.st_mode)
        wanted = "700" if kind == stat.S_IFDIR else "600"
        raise ConfigurationError(
            f"{where}: other users can read or change it (mode {mode:04o}). fix: chmod {wanted} {quoted}"
        )


def _name(user: int) -> str:
    import pwd  # noqa: PLC0415 - only for errors, and there is none on Windows

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
