"""Stands where AWS Lambda does: ``invoke.py PROGRAM`` loads a program once, and calls its handler for each event.

Events come as lines of JSON on standard input; answers go the same way to standard output, as JSON too, since that is
what Lambda makes of them.
"""

import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("program", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
for line in sys.stdin:
    print(json.dumps(program.lambda_handler(json.loads(line), None)), flush=True)  # noqa: T201 - the answer
