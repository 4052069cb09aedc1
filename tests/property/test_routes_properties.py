"""Routes: which a host takes, and which agent a path reaches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen
from hypothesis import given, strategies as st

from agenthost._host.plan.routes import (
    ENDPOINTS,
    RESERVED_FIRST,
    RESERVED_LAST,
    RouteTable,
    normalise,
    route_problem,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SEGMENT = st.sampled_from(["a", "b", "sales", "sales-eu", "swaig", "A", "health", ".", "..", "-"]) | st.from_regex(
    r"[a-z0-9._-]{1,6}", fullmatch=True
)
PATHS = st.lists(SEGMENT, max_size=6).map(lambda segments: "/" + "/".join(segments))
ROUTES = st.lists(SEGMENT, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments)) | st.just("/")
ENDPOINT = st.sampled_from(sorted(ENDPOINTS))


@frozen
class Agent:
    """As much of an agent as a table of routes needs."""

    route: str
    routing: tuple[str, ...] = ()


def table(routes, routing=()):
    return RouteTable.of([Agent(route, routing) for route in routes])  # type: ignore[arg-type]


def reached(routes, routing, path) -> tuple[str, str] | None:
    """A model of ``find``: try every route, then every endpoint of every route."""
    for endpoint in ("", *ENDPOINTS, *routing):
        for route in routes:
            whole = f"{route.removesuffix('/')}/{endpoint}" if endpoint else route
            if path in (whole, f"{whole}/"):
                return route, endpoint
    return None


@given(
    st.lists(ROUTES.filter(lambda route: route_problem(route) is None), unique=True, max_size=6),
    st.sampled_from([(), ("a",), ("b", "callback")]),
    st.data(),
)
def test_a_path_reaches_exactly_the_agent_that_is_mounted_there(routes, routing, data):
    """Paths are compared by segments and by case.

    ``/support-eu`` never reaches ``/support``.
    """
    near = st.sampled_from([*routes, "/"])
    known = [f"/{endpoint}" for endpoint in (*ENDPOINTS, *routing)]
    ends = st.sampled_from(["", "/", *known, *(f"{end}/" for end in known), "-eu", "x", "/x"])
    path = data.draw(PATHS | st.builds(lambda route, end: (route + end).replace("//", "/"), near, ends))
    found = table(routes, routing).find(path)

    assert reached(routes, routing, path) == (found and (found[0].route, found[1]))


@given(ROUTES | PATHS | st.text(max_size=12) | st.from_regex(r"(/[a-z0-9._-]{1,64}){1,4}", fullmatch=True))
def test_routes_are_those_of_the_contract(route):
    """``(/[a-z0-9._-]{1,64}){1,4}`` without dot segments, or ``/``, and nothing that is reserved (wire.md, 1)."""
    segments = route[1:].split("/")
    valid = route == "/" or (
        re.fullmatch(r"(/[a-z0-9._-]{1,64}){1,4}", route) is not None
        and not {".", ".."} & {*segments}
        and segments[0] not in ("health", "ready", "live", "startup", "metrics", "sip", "v1", "-")
        and segments[-1] not in ("swaig", "post_prompt", "check_for_input", "debug_events", "sip", "mcp")
    )

    assert valid is (route_problem(route) is None)


@pytest.mark.parametrize("segment", sorted(RESERVED_FIRST))
def test_the_host_s_own_paths_are_reserved(segment):
    """They are reserved as a first segment.

    Further down they are free.
    """
    assert f"/{segment} belongs to the host" in route_problem(f"/{segment}")
    assert f"/{segment} belongs to the host" in route_problem(f"/{segment}/more")
    if segment not in RESERVED_LAST:
        assert route_problem(f"/more/{segment}") is None


@pytest.mark.parametrize("segment", sorted(RESERVED_LAST))
def test_an_agent_s_endpoints_are_reserved(segment):
    """They are reserved as a last segment.

    A route below one is free.
    """
    assert f"has an endpoint called {segment}" in route_problem(f"/more/{segment}")
    assert route_problem(f"/more/{segment}/deeper") is None


def test_every_endpoint_is_reserved():
    """No agent's route can hide another agent's endpoint."""
    assert ENDPOINTS <= RESERVED_LAST


@pytest.mark.parametrize(
    "route",
    [
        "",
        "sales",
        "/Sales",
        "/sales/",
        "//",
        "/a//b",
        "/a/b/c/d/e",
        "/é",
        "/a b",
        "/a%20b",
        "/sales\n",
        f"/{'a' * 65}",
        "/a?b",
        None,
        5,
        b"/a",
    ],
)
def test_what_is_no_route(route):
    assert "is not a path of one to four segments" in route_problem(route)


@pytest.mark.parametrize("route", ["/.", "/..", "/a/..", "/./a", "/../health"])
def test_dot_segments(route):
    """A proxy would take them away."""
    assert "has a '.' or '..' segment" in route_problem(route)


@pytest.mark.parametrize(
    "route", ["/", "/a", "/a/b/c/d", f"/{'a' * 64}", "/...", "/a.b", "/_", "/0", "/healthy", "/sipx"]
)
def test_what_is_a_route(route):
    assert route_problem(route) is None


@pytest.mark.parametrize(("route", "expected"), [("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("", ""), ("/a/b/", "/a/b")])
def test_one_trailing_slash_is_not_looked_at(route, expected):
    assert expected == normalise(route)


def test_a_table_is_a_value():
    """A new table replaces the old one.

    Requests that began with the old one finish with it.
    """
    first: RouteTable = table(["/a"])
    agents: Mapping[str, Any] = first.agents

    assert table(["/a"]) == first
    assert list(agents) == ["/a"]
    with pytest.raises(AttributeError):
        first.agents = {}  # type: ignore[misc]
