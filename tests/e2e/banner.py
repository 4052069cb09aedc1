"""The banner of ``agenthost run``, parsed."""

import re
from pathlib import Path
from typing import Self

from attrs import frozen
from environment import Served
from polling import poll_until

COLUMNS = ("agent", "route", "tools", "sip", "package", "state")


@frozen
class Banner:
    """A banner, taken apart.

    Args:
        text: All of it.
        url: Where this machine reaches the host.
        user: The user of basic auth.
        password: The password that the host made, from the file that is named; None where it was configured.
        agents: By key, the cells of each row by column, and ``remedy`` where one stands below it.
        command: What stands behind ``try:``; None where nothing is served.
    """

    text: str
    url: str
    user: str
    password: str | None
    agents: dict[str, dict[str, str]]
    command: str | None

    @classmethod
    def of(cls, served: Served, seconds: float = 30) -> Self:
        """The banner of a host that is about to print it."""
        poll_until(lambda: served.stdout.endswith("\n"), seconds, said=lambda: f"no banner\n{served.stderr}")
        return cls.read(served.stdout)

    @classmethod
    def read(cls, text: str) -> Self:
        """Take a banner apart."""
        user = re.search(r"\buser (.+?), password (?:as configured|in (\S+) \(made for this machine\))", text)
        assert user
        url = re.search(r"\bon (http\S+)", text)
        assert url
        command = re.search(r"try: +(.+)", text)
        return cls(
            text,
            url[1],
            user[1],
            Path(user[2]).read_text(encoding="utf-8").strip() if user[2] else None,
            rows(text),
            command[1] if command else None,
        )


def rows(text: str) -> dict[str, dict[str, str]]:
    """The rows of the table of agents in what a command printed, by key."""
    found: dict[str, dict[str, str]] = {}
    lines = text.splitlines()
    first = next(number for number, line in enumerate(lines) if tuple(line.split()) == COLUMNS)
    starts = [lines[first].index(column) for column in COLUMNS]
    key = ""
    for line in lines[first + 1 :]:
        if remedy := re.fullmatch(r" +fix: +(.+)", line):
            found[key]["remedy"] = remedy[1]
        elif line.startswith(("  try:", "  plugin ")) or len(line) <= starts[-1]:
            break
        else:
            ends = [*starts[1:], len(line)]
            cells = [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]
            key = cells[0]
            found[key] = dict(zip(COLUMNS[1:], cells[1:], strict=True))
    return found
