"""The official conformance suite, which ``tox -e conformance`` installs with its Node.js."""

from __future__ import annotations

import os
import subprocess
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SUITE = os.environ.get("MCP_CONFORMANCE", "")
NOT_APPLICABLE = Path(__file__).parent / "not_applicable.yml"


class Proxy(BaseHTTPRequestHandler):
    """Adds the credentials, which the suite cannot send."""

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        headers["authorization"] = f"Bearer {self.server.target.password}"
        request = urllib.request.Request(  # noqa: S310 - of the tests' own host
            f"{self.server.target.url}{self.path}", body or None, headers, method=self.command
        )
        try:
            answer = urllib.request.urlopen(request, timeout=30)  # noqa: S310
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("content-type", answer.headers.get("content-type", "text/plain"))
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    do_POST = do_GET = do_DELETE = forward  # noqa: N815 - names of the library

    def log_message(self, *_):
        pass


@pytest.mark.skipif(not SUITE, reason="tox -e conformance installs the suite")
def test_the_suite_passes_but_for_what_does_not_apply(host):
    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        proxy.target = host
        proxy.handle_error = lambda *_: None  # the suite closes connections early
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        modules = Path(SUITE) / "node_modules"
        command = [
            str(modules / "node" / "bin" / "node"),
            str(modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"),
            "server",
            "--suite",
            "all",
            "--url",
            f"http://127.0.0.1:{proxy.server_address[1]}/tested/mcp",
            "--expected-failures",
            str(NOT_APPLICABLE),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603
        proxy.shutdown()

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
