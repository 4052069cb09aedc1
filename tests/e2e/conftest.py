"""The virtual environment that the tests of the installed product share."""

import pytest
from caller import Caller
from environment import FRONTDESK, Environment


@pytest.fixture(scope="session")
def environment(tmp_path_factory):
    """One virtual environment per session, with agenthost and what it requires."""
    made = Environment(tmp_path_factory.mktemp("environment"))
    made.create()
    return made


@pytest.fixture
def env(environment):
    """The environment, in which nothing but agenthost is left over from the test before."""
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def desk(environment):
    """The environment with the front desk installed; what else the tests of a module install leaves with it."""
    environment.install(FRONTDESK)
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def endpoints(environment):
    """The environment with agents that use every endpoint; what else the tests of a module install leaves with it."""
    environment.install("endpoints")
    yield environment
    environment.uninstall()


@pytest.fixture(scope="module")
def caller(served):
    """A client with the tests' credentials of the host that a module serves under this name."""
    return Caller.of(served)
