"""The configurations of proxies in the guide pass streams on as they come.

They run where the programs are installed.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

import httpx
import pytest
from chat_host import PASSWORD
from pages import DOCS, every
from polling import poll_until
from shops import serving_shop

from agenthost.testing import Says

GUIDE = DOCS / "how-to" / "reverse-proxy.md"
PAUSE = 0.2


def block(marker):
    [found] = [each.text for each in every("nginx", "text") if marker in each.text and each.page.endswith(GUIDE.name)]
    return found


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


def nginx(directory, port, host):
    """The command of nginx with the guide's configuration, without TLS."""
    server = re.sub(r"\n\s*ssl_certificate\S* [^;]*;", "", block("proxy_pass "))
    server = server.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};").replace(
        "127.0.0.1:3000", f"127.0.0.1:{host}"
    )
    temporary = "".join(
        f"{name}_temp_path {directory}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = directory / "nginx.conf"
    config.write_text(
        f"daemon off;\nmaster_process off;\npid {directory}/nginx.pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{temporary}{server}\n}}\n"
    )
    return ["nginx", "-p", str(directory), "-c", str(config), "-e", "stderr"]


def haproxy(directory, port, host):
    """The command of HAProxy with the guide's backend, and a frontend without TLS."""
    backend = block("option httpchk").replace("127.0.0.1:3000 check", f"127.0.0.1:{host}")
    config = directory / "haproxy.cfg"
    config.write_text(
        "defaults\n    mode http\n    timeout connect 5s\n    timeout client 150s\n    timeout server 60s\n"
        f"frontend agents_in\n    bind 127.0.0.1:{port}\n    default_backend agents\n{backend}\n"
    )
    return ["haproxy", "-db", "-f", str(config)]


@contextmanager
def running(command, port):
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:  # noqa: S603 - a fixed command
        try:
            poll_until(lambda: process.poll() is not None or _listens(port))
            assert process.poll() is None, process.stderr.read()
            yield
        finally:
            process.terminate()
            process.wait(20)


def _listens(port):
    with socket.socket() as opened:
        return opened.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("program", [nginx, haproxy], ids=["nginx", "haproxy"])
def test_a_proxy_passes_each_event_on_at_once(tmp_path, program):
    name = program.__name__
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    port = free_port()
    answer = Says("one two three four five six", pause=PAUSE)
    with serving_shop(tmp_path, answer) as served:
        host = httpx.URL(served.urls[0]).port
        with running(program(tmp_path, port, host), port):
            body = {"model": "shop", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
            headers = {"authorization": f"Bearer {PASSWORD}"}
            url = f"http://127.0.0.1:{port}/v1/chat/completions"
            times = []
            with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as stream:
                assert stream.status_code == 200
                times = [time.monotonic() for line in stream.iter_lines() if '"content"' in line]

    assert len(times) >= 6
    assert times[-1] - times[0] > 3 * PAUSE
