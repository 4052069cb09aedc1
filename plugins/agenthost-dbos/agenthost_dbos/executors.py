"""The executors of a database: the processes that run turns, each with a lease.

Each executor counts up in a row of its own. One whose count stands still for a whole lease is dead. Every process
measures this with its own clock, so that clocks need not agree.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import sqlalchemy
from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Executors"]

_DAY = 86400.0
_TABLE = sqlalchemy.Table(
    "agenthost_executors",
    sqlalchemy.MetaData(),
    sqlalchemy.Column("id", sqlalchemy.String(64), primary_key=True),
    sqlalchemy.Column("beats", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("written", sqlalchemy.Float, nullable=False),
)


@define(eq=False)
class Executors:
    """The leases of executors, as one of them sees them.

    Args:
        engine: the database.
        own: the ID of this executor.
        lease: seconds for which a count may stand still.
    """

    _engine: sqlalchemy.Engine
    own: str
    lease: float
    _beats: int = 0
    _seen: dict[str, tuple[int, float]] = field(factory=dict)

    def open(self) -> None:
        """Create the table, unless another executor has."""
        try:
            _TABLE.create(self._engine, checkfirst=True)
        except sqlalchemy.exc.DBAPIError:  # another one was faster
            _TABLE.create(self._engine, checkfirst=True)
        self.beat()

    def beat(self) -> None:
        """Count up, and remove rows that are a day old."""
        self._beats += 1
        row = {"beats": self._beats, "written": time.time()}
        with self._engine.begin() as connection:
            found = connection.execute(_TABLE.update().where(_TABLE.c.id == self.own).values(row))
            if not found.rowcount:
                connection.execute(_TABLE.insert().values(id=self.own, **row))
                connection.execute(_TABLE.delete().where(_TABLE.c.written < time.time() - _DAY))

    def dead(self, ids: Iterable[str]) -> list[str]:
        """Return those of some executors whose lease is over."""
        now = time.monotonic()
        with self._engine.connect() as connection:
            rows = connection.execute(sqlalchemy.select(_TABLE.c.id, _TABLE.c.beats))
            beats = {str(row.id): int(row.beats) for row in rows}
        found = []
        for each in {*ids} - {self.own}:
            count = beats.get(each, 0)
            seen = self._seen.get(each)
            if seen is None or seen[0] != count:
                self._seen[each] = (count, now)
            elif now - seen[1] > self.lease:
                found.append(each)
        return found

    def close(self) -> None:
        """Remove the row of this executor, whose turns others may then take over."""
        with self._engine.begin() as connection:
            connection.execute(_TABLE.delete().where(_TABLE.c.id == self.own))
        self._engine.dispose()
