"""The loading guard: the process is unchanged after each package.

That includes a package whose loading timed out.
"""

from __future__ import annotations

import io
import locale
import logging
import os
import sys
import warnings

import pytest

from agenthost._host.packages.loading_guard import LoadingGuard, streams_aside


def forbid_warnings():
    warnings.simplefilter("error", DeprecationWarning)


def take_the_log_over():
    logging.root.addHandler(logging.NullHandler())
    logging.getLogger("agenthost.calls").setLevel(logging.CRITICAL)


def disable_loggers():
    logging.getLogger("agenthost.calls").disabled = True


def make_other_records():
    logging.setLogRecordFactory(type("Own", (logging.LogRecord,), {}))


def replace_streams():
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()


def set_variables():
    os.environ["AGENTHOST_HOST"] = "0.0.0.0"  # noqa: S104
    os.environ["SWML_PROXY_URL_BASE"] = "https://elsewhere.example"


CHANGES = {
    forbid_warnings: ["warning filters"],
    take_the_log_over: ["logging"],
    disable_loggers: ["logging"],
    make_other_records: ["logging"],
    replace_streams: ["standard streams"],
    set_variables: ["variable AGENTHOST_HOST", "variable SWML_PROXY_URL_BASE"],
}


@pytest.fixture(autouse=True)
def _open_stdin(monkeypatch):
    """Another test may have closed the one of this process, which the guard would replace."""
    with io.StringIO() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield


def state():
    calls = logging.getLogger("agenthost.calls")
    return (
        (sys.stdin, sys.stdout, sys.stderr),
        (logging.root.level, list(logging.root.handlers), logging.root.manager.disable, logging.getLogRecordFactory()),
        (calls.level, calls.disabled, calls.propagate),
        [each for each in warnings.filters if each[0] == "error"],
        {name: value for name, value in os.environ.items() if name.startswith(("AGENTHOST_", "SWML_"))},
        locale.setlocale(locale.LC_ALL),
    )


@pytest.mark.parametrize(("change", "kinds"), CHANGES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_change_is_put_back_and_told(change, kinds):
    before, guard = state(), LoadingGuard()
    with guard.around("acme 1.0"):
        change()

    assert state() == before
    said = f"acme 1.0 changed the process while it was loaded; the changes were undone: {', '.join(kinds)}"
    assert guard.changes == (said,)


def test_a_package_that_changes_nothing_is_not_named():
    """Changes that belong to a library itself are allowed: a logger, an ignore filter."""
    guard = LoadingGuard()
    with guard.around("acme 1.0"):
        logging.getLogger("acme").addHandler(logging.NullHandler())
        warnings.filterwarnings("ignore", "nothing at all")

    assert guard.changes == ()


def test_an_error_passes_and_the_change_is_put_back():
    before, guard = state(), LoadingGuard()

    def load():
        with guard.around("acme 1.0"):
            replace_streams()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        load()

    assert state() == before
    assert len(guard.changes) == 1


def test_a_package_that_is_left_behind_disturbs_nobody_later():
    """When it ends at last, the changes of the next package stay."""
    before, guard = state(), LoadingGuard()
    hanging = guard.around("acme 1.0")
    hanging.__enter__()
    disable_loggers()
    with guard.around("beta 1.0"):
        assert not logging.getLogger("agenthost.calls").disabled
    logging.getLogger("agenthost.calls").setLevel(logging.ERROR)
    hanging.__exit__(None, None, None)

    assert logging.getLogger("agenthost.calls").level == logging.ERROR
    logging.getLogger("agenthost.calls").setLevel(logging.NOTSET)
    assert state() == before
    assert [each.partition(" changed")[0] for each in guard.changes] == ["acme 1.0"]


def test_what_is_printed_goes_to_standard_error(capfd):
    with streams_aside():
        sys.stdout.write("on the way\n")
        assert capfd.readouterr().err == "on the way\n"  # a package that ends the process has said why
        sys.stdout.write("unfinished")
        assert sys.stdin.read() == ""
    sys.stdout.write("the result\n")
    written = capfd.readouterr()

    assert (written.out, written.err) == ("the result\n", "unfinished")


@pytest.mark.parametrize(("stream", "act"), [("stdout", "close"), ("stdout", "detach"), ("stderr", "close")])
def test_a_stream_that_is_closed_was_not_ours(capfd, stream, act):
    with streams_aside():
        getattr(getattr(sys, stream), act)()
    sys.stdout.write("still here\n")

    assert capfd.readouterr().out == "still here\n"
