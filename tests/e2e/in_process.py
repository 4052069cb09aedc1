"""Hosts inside the process of the tests.

A test can inspect them while they serve requests.
"""

import threading
from contextlib import contextmanager

import uvicorn
from polling import poll_until
from ports import free_port


@contextmanager
def in_a_thread(server):
    """Run a host behind an ASGI server in a thread.

    Yield its address. The server ends with the block.
    """
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
