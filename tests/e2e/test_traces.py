"""Spans in a real collector: OTLP over HTTP, from a host of several layers."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from caller import Caller, functions, tool_call
from environment import CREDENTIALS
from ports import free_port
from programs import running
from raw_http import Connection

service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")

PROGRAM = """
import sys
from agenthost import AgentBase, AgentServer

class Desk(AgentBase):
    @AgentBase.tool
    async def book(self, fails: bool = False) -> str:
        \"\"\"Book.\"\"\"
        if fails:
            raise ValueError("tell-nobody")
        return f"visit {await self.state.incr('visits')}"

server = AgentServer(port=int(sys.argv[1]))
server.register(Desk(name="desk"), "/desk")
server.run()
"""
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def collector():
    """A collector: its port, and the spans that it was sent."""
    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            for resource in service.ExportTraceServiceRequest.FromString(body).resource_spans:
                named = {each.key: each.value.string_value for each in resource.resource.attributes}
                spans.extend((named["service.name"], span) for scope in resource.scope_spans for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """It says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, spans
        server.shutdown()


@pytest.fixture(scope="module")
def sent(collector, tmp_path_factory):
    """All spans of a host after three requests.

    They are a document, a tool call, and one that failed.
    """
    port, spans = collector
    place = tmp_path_factory.mktemp("traced")
    (place / "agenthost.toml").write_text(f'[telemetry]\notlp_endpoint = "http://127.0.0.1:{port}"\n')
    (place / "desk.py").write_text(PROGRAM)
    own = free_port()
    with running(place, place / "desk.py", str(own), port=own) as served:
        caller = Caller(served.url, CREDENTIALS)
        url = functions(caller.document("/desk", "c-1"))["book"]["web_hook_url"]
        with Connection.to(url) as connection:
            request = tool_call(url, "book", {}, "c-1")
            line, rest = request.split(b"\r\n", 1)
            connection.ask(line + f"\r\ntraceparent: 00-{TRACE}-{PARENT}-01\r\n".encode() + rest)
        caller.call(url, "book", {"fails": True}, "c-1")
        caller.ask("GET", "/health")
    return spans


def test_requests_tools_and_the_store_are_spans_below_each_other(sent):
    """In the trace that the caller named, beneath the caller's span."""
    trace = {span.name: span for _, span in sent if span.trace_id.hex() == TRACE}
    request, tool, store = trace["POST /desk/swaig"], trace["execute_tool book"], trace["store add"]

    assert (request.parent_span_id.hex(), tool.parent_span_id, store.parent_span_id) == (
        PARENT,
        request.span_id,
        tool.span_id,
    )
    assert {service for service, _ in sent} == {"agenthost"}
    told = {each.key: each.value.string_value for each in tool.attributes}
    assert (told["gen_ai.agent.name"], told["gen_ai.conversation.id"]) == ("desk", "c-1")


def test_of_a_failure_the_class_is_told_and_nothing_else(sent):
    [failed] = [span for _, span in sent if span.name == "execute_tool book" and span.status.code == 2]

    assert {each.key: each.value.string_value for each in failed.attributes}["error.type"] == "ValueError"
    assert "tell-nobody" not in str(sent)
    [request] = [span for _, span in sent if span.span_id == failed.parent_span_id]
    assert re.fullmatch(
        "e-[0-9a-f]{12}", {each.key: each.value.string_value for each in request.attributes}["error_id"]
    )


def test_checks_have_no_traces_of_their_own(sent):
    """Neither those of a balancer nor the host's own of its store."""
    roots = {span.name for _, span in sent if not span.parent_span_id}
    assert roots <= {"GET /desk", "POST /desk", "POST /desk/swaig"}


def test_no_secret_leaves(sent):
    """Neither credentials nor tokens are in any span: queries are not told."""
    assert CREDENTIALS[1] not in str(sent)
    assert "__token" not in str(sent)
