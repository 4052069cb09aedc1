"""Test clients of other projects.

Litestar's leaves the query in ``raw_path``, Starlette's and httpx's do not.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import partial

import asking
import litestar.testing
import pytest
import starlette.testclient
from plans import plan_of

from agenthost import AgentBase
from agenthost._host.config.schema import Config, HostConfig
from agenthost._host.config.secret_sources import Secret
from agenthost._web.front import Front
from agenthost.server import make_runtime

PAIR = ("agenthost", "p@ss")
QUERY = {"token": "secret", "next": "/sales?"}


@pytest.fixture
def front():
    config = HostConfig(password=Secret(PAIR[1]), signing_keys=(Secret("key"),), access_log=True)
    front = Front(make_runtime(Config(host=config)))
    front.publish(plan_of(AgentBase("desk", "/desk")))
    return front


@contextmanager
def by_litestar(front):
    with litestar.testing.TestClient(front, base_url="http://host.example") as client:
        yield client.get


@contextmanager
def by_starlette(front):
    with starlette.testclient.TestClient(front, base_url="http://host.example") as client:
        yield client.get


@contextmanager
def by_httpx(front):
    yield partial(asking.ask, front, "GET")


@pytest.mark.parametrize("client", [by_litestar, by_starlette, by_httpx])
@pytest.mark.parametrize("params", [{}, QUERY], ids=["plain", "query"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/desk", 200), ("/desk/swaig/", 200), ("/health", 200), ("/metrics", 200), ("/sales", 404), ("//desk", 400)],
)
def test_the_query_is_not_part_of_the_path(front, client, params, path, status, caplog):
    caplog.set_level(logging.INFO, "agenthost.access")
    with client(front) as get:
        answer = get(f"http://host.example{path}", params=params, auth=PAIR)

    assert answer.status_code == status
    assert [record.fields["path"] for record in caplog.records if record.name == "agenthost.access"] == [path]
