"""State of replicas in a real Redis and a real PostgreSQL.

Every replica sees it, and no update is lost.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from store_servers import PostgresServer, RedisServer

AT_ONCE, CALLS = 8, 200


@pytest.fixture(scope="module", params=[RedisServer, PostgresServer])
def store(request, on_ray, environment, command, tmp_path_factory):
    """A store that the cluster has been brought to by a deploy."""
    file, server = environment[0] / "agenthost.toml", request.param(tmp_path_factory.mktemp("store"))
    before = file.read_text()
    file.write_text(f'{before}[state]\nurl = "{server.url()}"\n')
    done = command("deploy")
    assert done.returncode == 0, done.stderr
    yield server
    file.write_text(before)
    done = command("deploy")
    server.close()
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("store")
def test_replicas_count_together(on_ray):
    """They share one counter, and a replica that is killed takes nothing along."""
    url = on_ray.tool_url("count")

    def one(number):
        if number == CALLS // 2:
            os.kill(on_ray.replicas_of("steady")[0], signal.SIGKILL)
        return on_ray.call(url, "count", name="together")[1]["response"]

    with ThreadPoolExecutor(AT_ONCE) as pool:
        said = [*pool.map(one, range(CALLS))]
    counted = [tuple(map(int, text.split(" by "))) for text in said if " by " in text]
    fallbacks = said.count("The desk calls you back.")
    last = int(on_ray.call(url, "count", name="together")[1]["response"].split()[0])

    assert len(counted) + fallbacks == CALLS
    assert fallbacks <= AT_ONCE
    assert len({number for number, _ in counted}) == len(counted)
    assert len({process for _, process in counted}) > 1
    assert len(counted) < last <= CALLS + 1
