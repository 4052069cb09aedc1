"""Guards that keep ``tox -e quick`` quick."""

import sys

import pytest

_STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}


class _Processes:
    """The audit hook of this process.

    It cannot be removed, so it is enabled and disabled.
    """

    refused = False

    def __call__(self, event, arguments):
        if self.refused and event in _STARTS and arguments[:1] != ("uname",):  # which openai asks, once
            msg = f"{event}: a unit test that starts a process is marked slow (pytest.mark.slow)"
            raise PermissionError(msg)


_PROCESSES = _Processes()
sys.addaudithook(_PROCESSES)


@pytest.fixture(autouse=True)
def processes(request):
    """Refuse to start a process in a test that is not marked slow."""
    _PROCESSES.refused = request.node.get_closest_marker("slow") is None
    yield
    _PROCESSES.refused = False
