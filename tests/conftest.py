"""Fixtures and hooks of all tests.

They mark tests by folder, keep the log unchanged, and order the tests of several workers.
"""

import logging
import sys
from pathlib import Path

import pytest

from agenthost._host.installer import environment
from agenthost._host.installer.commands import Pip

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config, items):
    """Mark tests by folder, and run the slowest first on several workers.

    The rest keeps its order.

    Raises:
        pytest.UsageError: an id is another one in each process, so that pytest-xdist's workers disagree.
    """
    if changing := [item.nodeid for item in items if " at 0x" in item.nodeid]:
        raise pytest.UsageError(
            "\n".join(["ids with an object's address. fix: ids=[...] or pytest.param(..., id=...)", *changing])
        )
    for item in items:
        place = item.path.relative_to(HERE).as_posix()
        if place.startswith("e2e/"):
            item.add_marker(pytest.mark.e2e)
        if place.startswith(("unit/docs/", "e2e/test_docs")):
            item.add_marker(pytest.mark.docs)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("e2e") is None)


@pytest.fixture(autouse=True)
def root_log():
    """Leave the root logger as it was, whatever a test or a page's code configures."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture(autouse=True, scope="module")
def own_secrets():
    """Redact the secrets of a file's hosts in that file alone."""
    yield
    if records := sys.modules.get("agenthost._host.telemetry.records"):
        records._hidden = records.NO_SECRETS


@pytest.fixture(scope="session")
def types_cache(tmp_path_factory, worker_id):
    """The folder in which mypy keeps what it knows of agenthost.

    All workers of pytest-xdist share it.
    """
    own = tmp_path_factory.getbasetemp()
    return (own if worker_id == "master" else own.parent) / "mypy"


def pytest_runtest_teardown():
    """Write pending log entries.

    Otherwise entries of one test could appear in the log of the next.
    """
    if call_log := sys.modules.get("agenthost._host.telemetry.call_log"):
        call_log.write_now()


@pytest.fixture(autouse=True)
def by_pip(monkeypatch):
    """Name pip in fixes, whatever made the environment that runs the tests."""
    monkeypatch.setattr(environment, "detect", lambda *_: Pip(sys.executable))
    environment.installer.cache_clear()
