"""The plugin without a database, and the leases of executors."""

import sqlalchemy
from agenthost_dbos import Durable
from agenthost_dbos.executors import Executors

from agenthost import Secret


def test_without_a_database_nothing_is_offered():
    assert Durable(Durable.Settings()).durable_turns() == []


def test_with_a_database_an_engine_is_offered():
    [engine] = Durable(Durable.Settings(Secret("sqlite:///turns.db"))).durable_turns()

    assert engine.name == "dbos"


def test_an_executor_that_stands_still_for_a_lease_is_dead(tmp_path, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("agenthost_dbos.executors.time.monotonic", lambda: clock[0])
    url = f"sqlite:///{tmp_path}/turns.db"
    one, other = (Executors(sqlalchemy.create_engine(url), name, 10.0) for name in ("one", "other"))
    one.open()
    other.open()

    def dead_after(seconds):
        clock[0] += seconds
        return one.dead(["one", "other", "gone"])

    assert dead_after(0) == []
    assert dead_after(9) == []
    other.beat()
    assert dead_after(2) == ["gone"]
    assert sorted(dead_after(11)) == ["gone", "other"]
    other.beat()
    assert dead_after(0) == ["gone"]
    one.close()
    other.close()
