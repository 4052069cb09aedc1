"""A directory of SIP users for agenthost.

It is a TOML or CSV file that is read again when it changes.
"""

from __future__ import annotations

import csv
import io
import logging
import threading
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from agenthost import ConfigurationError, SipUri, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SipDirectory", "read_directory"]

_log = logging.getLogger("agenthost.sip_directory")


class SipDirectory:
    """The agents of SIP users, read from a file.

    Args:
        settings: ``[plugins.sip-directory]``.

    Raises:
        ConfigurationError: the file cannot be read when the host starts.
    """

    @frozen
    class Settings:
        """The section ``[plugins.sip-directory]``.

        Args:
            file: the file, ``.toml`` or ``.csv``, relative to the directory in which the host starts.
        """

        file: str

    def __init__(self, settings: Settings) -> None:
        self._file = Path(settings.file).absolute()
        self._reading = threading.Lock()
        self._seen = self._signature()
        self._users = read_directory(self._file)

    @hookimpl
    def resolve_sip(self, uri: SipUri) -> str | None:
        """Return the agent of the called user, by the current file."""
        self._read_again()
        return self._users.get(_compared(uri.user))

    def _read_again(self) -> None:
        """Read the file if it has changed.

        If the new file is broken, the users of the old one stay in use.
        """
        signature = self._signature()
        if signature == self._seen or not self._reading.acquire(blocking=False):
            return
        try:
            self._seen = signature
            self._users = read_directory(self._file)
            _log.info("%s: %d user%s", self._file, len(self._users), "s" * (len(self._users) != 1))
        except ConfigurationError as error:
            _log.error("%s. Until then, the users of the previous version are used", error)
        finally:
            self._reading.release()

    def _signature(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def read_directory(file: Path) -> Mapping[str, str]:
    """Return the agent of each user in a file.

    Args:
        file: a TOML file with ``user = "agent"`` in a table ``[users]``, or a CSV file whose first line is
            ``user,agent``; UTF-8.

    Raises:
        ConfigurationError: it cannot be read, is of another form, or gives a user two agents.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
        pairs = list(_from_toml(text) if file.suffix == ".toml" else _from_csv(text))
    except (OSError, ValueError, csv.Error) as error:
        raise ConfigurationError(f"{file}: it is not a directory of users: {error}. fix: correct it") from error
    users: dict[str, str] = {}
    for user, agent in pairs:
        other = users.setdefault(_compared(user), agent)
        if other != agent:
            raise ConfigurationError(f"{file}: user {user!r} has two agents, {other!r} and {agent!r}. fix: keep one")
    return users


def _from_toml(text: str) -> Iterable[tuple[str, str]]:
    users = tomllib.loads(text).get("users")
    if not isinstance(users, dict) or not all(isinstance(agent, str) and agent for agent in users.values()):
        raise ValueError('there is no table [users] with lines such as sales = "agent"')
    return users.items()


def _from_csv(text: str) -> Iterable[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(text), strict=True)
    if not {"user", "agent"} <= set(rows.fieldnames or ()):
        raise ValueError("its first line does not name the columns user,agent")
    for row in rows:
        if not row["user"] or not row["agent"]:
            raise ValueError(f"line {rows.line_num} has no user or no agent")
        yield row["user"].strip(), row["agent"].strip()


def _compared(user: str) -> str:
    """Return a user in the form for comparisons, without regard to case."""
    return user.casefold()
