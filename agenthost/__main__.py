"""``agenthost`` and ``python -m agenthost``."""

# ruff: noqa: PLC0415 - the supervisor's memory

from __future__ import annotations

import os
import signal
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line.

    ``run`` does so in another process, and this one becomes the supervisor, which keeps little in memory.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during an import ends the process without a traceback
    if sys.argv[1:2] != ["run"] or not hasattr(os, "posix_spawn"):
        _read(None)
        return
    from agenthost._web.supervisor.reading import read_apart

    try:
        if read_apart(_read):
            return
    except Exception as error:  # noqa: BLE001 - the last resort
        from agenthost._cli import fail

        fail(error)
    _read(None)


def _read(reader: object) -> None:
    from agenthost._cli import main as command_line

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    command_line(reader)


if __name__ == "__main__":
    main()
