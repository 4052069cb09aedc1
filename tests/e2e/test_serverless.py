"""AWS Lambda, CGI and Google Cloud Functions, by the same rules as everywhere.

They serve one request at a time. The programs are the document's own, tests/data/seeds/serverless.py, and the one of
docs/how-to/serverless.md.
"""

import json
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from caller import Caller, basic, functions, prompt
from environment import CREDENTIALS
from pages import DOCS, blocks, write
from ports import free_port
from programs import HERE, SEEDS, running, variables

pytest.importorskip("mangum")
pytest.importorskip("a2wsgi")

GUIDE = DOCS / "how-to" / "serverless.md"
AUTHORIZED = {"Authorization": basic(*CREDENTIALS)}
GATEWAY = "abc123.execute-api.eu-central-1.amazonaws.com"
SECRET = {"SIGNALWIRE_SWAIG_SECRET": "signs", "AGENTHOST_STATE_DIR": "/proc/nowhere"}
"""Nothing has to be kept, nor could it be."""


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """A directory with the program of the guide."""
    place = tmp_path_factory.mktemp("guide")
    write(GUIDE, place)
    return place


# -- AWS Lambda ------------------------------------------------------------------------------------------------------


@contextmanager
def invoking(place, program):
    """A function that has an event answered by one warm process."""
    with subprocess.Popen(  # noqa: S603 - a command of ours
        [sys.executable, HERE / "seeds" / "invoke.py", program],
        cwd=place,
        env=variables(place, SECRET),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def invoke(event):
            process.stdin.write(json.dumps(event) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield invoke
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.fixture(scope="module")
def invoke(guide):
    with invoking(guide, guide / "agents.py") as invoke:
        yield invoke


def rest(method, path, query, headers, body, *, stage="prod", base64=False):
    """Return an event of a REST API.

    The path has no stage, and parameters are decoded.
    """
    parsed = parse_qs(query)
    return {
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": method,
        "headers": {"Host": GATEWAY, "X-Forwarded-Proto": "https", **headers},
        "multiValueHeaders": {name: [value] for name, value in {"Host": GATEWAY, **headers}.items()},
        "queryStringParameters": {name: values[-1] for name, values in parsed.items()} or None,
        "multiValueQueryStringParameters": parsed or None,
        "requestContext": {"path": f"/{stage}{path}", "stage": stage, "identity": {"sourceIp": "192.0.2.1"}},
        "body": body,
        "isBase64Encoded": base64,
    }


def http(method, path, query, headers, body, *, stage="$default", host=GATEWAY, base64=False):
    """Return an event of an HTTP API or a function URL (payload format 2.0).

    The path contains a named stage.
    """
    whole = path if stage == "$default" else f"/{stage}{path}"
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": whole,
        "rawQueryString": query,
        "headers": {name.lower(): value for name, value in {"Host": host, **headers}.items()}
        | {"x-forwarded-proto": "https"},
        "requestContext": {
            "domainName": host,
            "stage": stage,
            "http": {"method": method, "path": whole, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
        },
        "body": body,
        "isBase64Encoded": base64,
    }


def named(*request, **more):
    return http(*request, stage="dev", **more)


def function_url(*request, **more):
    return http(*request, host="xyz.lambda-url.eu-central-1.on.aws", **more)


def http_1(*request, **more):
    """Return an event of an HTTP API in payload format 1.0.

    Both paths contain the stage.
    """
    event = rest(*request, **more)
    whole = f"/dev{event['path']}"
    context = {**event["requestContext"], "stage": "dev", "path": whole}
    return {**event, "version": "1.0", "path": whole, "requestContext": context}


def balancer(method, path, query, headers, body, *, base64=False):
    """An event of an application load balancer."""
    return {
        "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/a/b"}},
        "httpMethod": method,
        "path": path,
        "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&") if pair),
        "headers": {"host": "agents.example.com", "x-forwarded-proto": "https"}
        | {name.lower(): value for name, value in headers.items()},
        "body": body or "",
        "isBase64Encoded": base64,
    }


KINDS = {
    "REST": (rest, f"https://{GATEWAY}/prod"),
    "HTTP": (http, f"https://{GATEWAY}"),
    "HTTP with a named stage": (named, f"https://{GATEWAY}/dev"),
    "HTTP 1.0 with a named stage": (http_1, f"https://{GATEWAY}/dev"),
    "function URL": (function_url, "https://xyz.lambda-url.eu-central-1.on.aws"),
    "load balancer": (balancer, "https://agents.example.com"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def asked(invoke, event):
    """Status and decoded body of an answer, whose headers are those of any answer."""
    answer = invoke(event)
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"] == "application/json"
    body = b64decode(answer["body"]).decode() if answer["isBase64Encoded"] else answer["body"]
    return answer["statusCode"], json.loads(body)


@every_kind
def test_lambda_checks_credentials(invoke, kind):
    make, _ = KINDS[kind]

    for headers in ({}, {"Authorization": basic("tester", "wrong")}):
        assert asked(invoke, make("GET", "/desk", "", headers, None)) == (401, {"error": "Unauthorized"})


@every_kind
@pytest.mark.parametrize("base64", [False, True])
def test_lambda_serves_a_call(invoke, kind, base64):
    """The document contains the address of the request.

    The tool is called there, with its token.
    """
    make, base = KINDS[kind]

    def post(path, query, body):
        text = json.dumps(body)
        sent = b64encode(text.encode()).decode() if base64 else text
        headers = {"Content-Type": "application/json", **AUTHORIZED}
        return asked(invoke, make("POST", path, query, headers, sent, base64=base64))

    status, document = post("/desk", "", {"call": {"call_id": "c-1"}})
    url = urlsplit(functions(document)["hours"]["web_hook_url"])
    prefix = urlsplit(base).path

    assert status == 200
    assert f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}" == f"{base}/desk/swaig/"
    called = url.path.removeprefix(prefix), url.query, {"function": "hours", "call_id": "c-1"}
    assert post(*called) == (200, {"response": "Nine to five."})
    assert "invalid or expired" in post(called[0], "", called[2])[1]["response"]


@every_kind
@pytest.mark.parametrize(
    ("path", "status"),
    [("/health", 200), ("/ready", 200), ("/desk/", 200), ("/nowhere", 404), ("/desk%2fswaig", 400), ("/", 404)],
)
def test_lambda_has_the_hosts_paths(invoke, kind, path, status):
    make, _ = KINDS[kind]

    assert asked(invoke, make("GET", path, "", AUTHORIZED, None))[0] == status


@pytest.mark.parametrize("path", ["/development/desk", "/desk"])
def test_a_stage_is_a_whole_segment(invoke, path):
    """A path that only begins like the stage keeps it.

    So does a path from which a custom domain has removed it.
    """
    event = http("GET", path, "", AUTHORIZED, None)
    event["requestContext"]["stage"] = "de"

    assert asked(invoke, event)[0] == (200 if path == "/desk" else 404)


def test_the_documents_lambda(tmp_path):
    """The program of the field's guide, as it is."""
    with invoking(tmp_path, SEEDS / "serverless.py") as invoke:
        status, document = asked(invoke, rest("GET", "/agent", "", AUTHORIZED, None))

        assert (status, "You are my-agent" in prompt(document)) == (200, True)
        assert asked(invoke, http("GET", "/agent", "", {}, None)) == (401, {"error": "Unauthorized"})


# -- CGI -------------------------------------------------------------------------------------------------------------


def cgi(place, program, method, path, headers=(), body=b"", **more):
    """Return status, headers and decoded body of a process started by RFC 3875."""
    environ = variables(place, SECRET) | {
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "/cgi-bin/agents.py",
        "PATH_INFO": urlsplit(path).path,
        "QUERY_STRING": urlsplit(path).query,
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "test",
        "HTTPS": "on",
        "HTTP_HOST": "example.com",
        "CONTENT_TYPE": "application/json" if body else "",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in dict(headers).items()},
        **more,
    }
    done = subprocess.run(  # noqa: S603 - a command of ours
        [sys.executable, "-W", "error", program],
        env=environ,
        cwd=place,
        input=body,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    head, _, text = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
    return int(fields.pop("Status").split()[0]), fields, json.loads(text)


def test_cgi_serves_a_call(guide):
    """Agents are below the script.

    A tool is called at the address and with the token of the document.
    """
    body = json.dumps({"call": {"call_id": "c-1"}}).encode()
    status, headers, document = cgi(guide, "agents.py", "POST", "/desk", AUTHORIZED, body)
    url = urlsplit(functions(document)["hours"]["web_hook_url"])

    assert (status, headers["cache-control"]) == (200, "no-store")
    assert (url.scheme, url.path) == ("https", "/cgi-bin/agents.py/desk/swaig/")
    assert url.netloc.endswith("@example.com")
    called = f"{url.path.removeprefix('/cgi-bin/agents.py')}?{url.query}"
    body = json.dumps({"function": "hours", "call_id": "c-1"}).encode()
    assert cgi(guide, "agents.py", "POST", called, AUTHORIZED, body)[2] == {"response": "Nine to five."}


def test_cgi_checks_credentials(tmp_path):
    """The program of the field's guide, as it is."""
    status, headers, body = cgi(tmp_path, SEEDS / "serverless.py", "GET", "/agent")

    assert (status, body) == (401, {"error": "Unauthorized"})
    assert headers["www-authenticate"].startswith("Basic ")
    status, _, document = cgi(tmp_path, SEEDS / "serverless.py", "GET", "/agent", AUTHORIZED)
    assert (status, "You are my-agent" in prompt(document)) == (200, True)


@pytest.mark.parametrize(("path", "status"), [("/desk/\udcff", 404), ("/desk/\n", 400), ("", 404)])
def test_cgi_paths_that_nobody_has(guide, path, status):
    """The server has decoded the path.

    A malicious one is still refused.
    """
    assert cgi(guide, "agents.py", "GET", "", AUTHORIZED, PATH_INFO=path)[0] == status


# -- Google Cloud Functions ------------------------------------------------------------------------------------------


def test_a_cloud_function(guide):
    """The guide's function, served as functions-framework would, answers with its public address."""
    pytest.importorskip("werkzeug")
    [block] = blocks(GUIDE, "py")
    (guide / "main.py").write_text(block.text)
    port = free_port()
    public = {**SECRET, "AGENTHOST_PUBLIC_URL": "https://agents-xyz.a.run.app"}
    with running(guide, HERE / "seeds" / "functions.py", str(port), port=port, more=public) as served:
        caller = Caller.of(served)
        url = urlsplit(functions(caller.document("/desk", "c-1"))["hours"]["web_hook_url"])
        body = {"function": "hours", "call_id": "c-1"}

        assert f"{url.scheme}://{url.hostname}" == "https://agents-xyz.a.run.app"
        assert caller.ask("POST", f"{url.path}?{url.query}", body).json == {"response": "Nine to five."}
        assert served.status("/desk") == 401
