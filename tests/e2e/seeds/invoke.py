"""A replacement for AWS Lambda: ``invoke.py PROGRAM`` calls the handler of a program.

It loads the program once, and reads events as lines of JSON from standard input. Responses go to standard output as
JSON too, since that is what Lambda makes of them.
"""

import importlib.util
import json
import sys

spec = importlib.util.spec_from_file_location("program", sys.argv[1])
program = importlib.util.module_from_spec(spec)
spec.loader.exec_module(program)
for line in sys.stdin:
    print(json.dumps(program.lambda_handler(json.loads(line), None)), flush=True)  # noqa: T201 - the answer
