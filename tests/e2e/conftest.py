"""The virtual environment that the tests of the installed product share."""

import pytest
from caller import Caller
from environment import FRONTDESK, Environment, Wheelhouse


@pytest.fixture(scope="session")
def wheelhouse(tmp_path_factory, worker_id):
    """The wheels of this checkout, built once.

    All workers of pytest-xdist share one directory.
    """
    own = tmp_path_factory.getbasetemp()
    return Wheelhouse((own if worker_id == "master" else own.parent) / "wheels")


@pytest.fixture(scope="session")
def environment(tmp_path_factory, wheelhouse):
    """One virtual environment per worker, with agenthost and what it requires."""
    made = Environment(tmp_path_factory.mktemp("environment"), wheelhouse)
    made.create()
    return made


@pytest.fixture
def env(environment):
    """The environment, in which nothing but agenthost is left over from the test before."""
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def desk(environment):
    """The environment with the front desk installed.

    Other distributions that a module installs are removed with it.
    """
    environment.install(FRONTDESK)
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def endpoints(environment):
    """The environment with agents that use every endpoint.

    Other distributions that a module installs are removed with it.
    """
    environment.install("endpoints")
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def caller(served):
    """A client of the module's ``served`` host, with the tests' credentials."""
    return Caller.of(served)
