"""Hosts inside the process of the tests, so that a test reaches into them while they are asked from outside."""

import threading
from contextlib import contextmanager

import uvicorn
from environment import free_port
from polling import poll_until


@contextmanager
def in_a_thread(server):
    """The host behind a server of ASGI applications, which can be asked to end; gives its address."""
    port = free_port()
    config = uvicorn.Config(server.app, port=port, log_config=None, lifespan="on", timeout_keep_alive=60)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        poll_until(lambda: serving.started or not thread.is_alive())
        assert thread.is_alive()
        yield f"http://127.0.0.1:{port}"
    finally:
        serving.should_exit = True
        thread.join(20)
    assert not thread.is_alive()
