"""A cinema's documents, and a model whose vectors are known."""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from agenthost_search import build

DOCUMENTS = {
    "tickets.md": (
        "# Tickets\n\nTickets cost nine euros.\n\n## Refunds\n\nA ticket is refunded until one hour before the film.\n"
    ),
    "hours.rst": "Opening\n=======\n\nThe doors open at noon, on Sundays at ten.\n",
    "food.html": "<html><head><title>x</title></head><h2>Snacks</h2><p>Popcorn has <b>three</b> sizes.</p></html>",
    "german.txt": "Das Café hat bis Mitternacht geöffnet.\n",
    "poster.png": "not a document",
}
TOPICS = (("refund", "money"), ("open", "door", "noon"), ("popcorn", "hungry"))


def vector(text):
    """Return a vector with a direction for each topic."""
    counts = [sum(text.casefold().count(word) for word in words) for words in TOPICS]
    length = math.hypot(*counts) or 1.0
    return [count / length for count in counts]


class Topics:
    """A model in the process."""

    model = "topics"

    def of_query(self, text):
        return vector(text)

    def of_passages(self, texts):
        return map(vector, texts)


class _Api(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], asked["model"]))
        data = [{"index": place, "embedding": vector(text)} for place, text in enumerate(asked["input"])]
        answer = json.dumps({"data": data[::-1]}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def api():
    """A server with ``/v1/embeddings``. ``asked`` has its requests, and ``status`` can be set."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server:
        server.asked, server.status = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def topics():
    return Topics()


@pytest.fixture(scope="session")
def documents():
    """The texts by their names."""
    return DOCUMENTS


@pytest.fixture
def folder(tmp_path):
    cinema = tmp_path / "cinema"
    (cinema / ".git").mkdir(parents=True)
    (cinema / ".git" / "hidden.md").write_text("Nobody finds this refund.")
    for name, text in DOCUMENTS.items():
        (cinema / name).write_text(text, encoding="utf-8")
    return cinema


@pytest.fixture
def file(folder, tmp_path):
    """An index of words alone."""
    return build(folder, tmp_path / "cinema.sqlite", tags=("cinema",)).file
