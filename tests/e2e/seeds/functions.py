"""Stands where functions-framework does: ``functions.py PORT`` serves the function of ``main.py`` here over HTTP.

The framework hands a function a request as Flask has it, which is werkzeug's, and sends what it returns.
"""

import signal
import sys
import threading
import types
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

from werkzeug.wrappers import Request

framework = types.ModuleType("functions_framework")
framework.http = lambda function: function
sys.modules["functions_framework"] = framework
sys.path.insert(0, str(Path.cwd()))

from main import agents  # noqa: E402 - found here


class Quiet(WSGIRequestHandler):
    """Requests are not written to the log."""

    def log_message(self, *_):
        """Nothing."""


def application(environ, start_response):
    """One call of the function."""
    return agents(Request(environ))(environ, start_response)


with make_server("127.0.0.1", int(sys.argv[1]), application, handler_class=Quiet) as server:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.05)
