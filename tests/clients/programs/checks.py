"""The checks of one client, run in the client's own environment.

Usage: python checks.py PROGRAM DISTRIBUTION...

A program is a file with functions named ``chat``, ``stream``, ``tools``, ``structured``, ``retry`` and ``resend``. A
check that the client has no means for is missing.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

CHECKS = ("chat", "stream", "tools", "structured", "retry", "resend")


def main() -> None:
    """Run the checks, and print the results as one line of JSON."""
    program, distributions = Path(sys.argv[1]), sys.argv[2:]
    spec = importlib.util.spec_from_file_location(program.stem, program)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    results = {}
    for check in CHECKS:
        function = getattr(module, check, None)
        if function is None:
            continue
        try:
            function()
        except Exception as error:  # noqa: BLE001 - a result
            traceback.print_exc()
            results[check] = f"{type(error).__name__}: {error}"[:300]
        else:
            results[check] = ""
    print(json.dumps({"versions": {name: version(name) for name in distributions}, "results": results}))


if __name__ == "__main__":
    main()
