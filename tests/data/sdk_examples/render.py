"""Writes the responses of this folder's agents, with the SDK or with agenthost.

See README.md.
"""

import argparse
import asyncio
import base64
import importlib.util
import json
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
EXAMPLES = sorted(path.stem for path in HERE.glob("*.py") if path.stem != "render")
IMPORT = "from agenthost import"
AUTH = "Basic " + base64.b64encode(b"user:pass").decode()
CALL = "call-1"


def load(example, package):
    """The class of an example, imported from ``package``."""
    text = (HERE / f"{example}.py").read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1, example
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(f"example_{example}", None))
    sys.modules[module.__name__] = module
    exec(compile(text.replace(IMPORT, f"from {package} import"), f"{example}.py", "exec"), vars(module))  # noqa: S102
    return module.Agent


async def post(app, path, query, body):
    """The JSON of an answer."""
    sent, parts = json.dumps(body).encode(), []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"agent.example"),
            (b"authorization", AUTH.encode()),
            (b"content-type", b"application/json"),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive():
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message):
        parts.append(message)

    await app(scope, receive, send)
    assert parts[0]["status"] == 200, parts
    return json.loads(b"".join(part.get("body", b"") for part in parts))


async def answers(app, route, wanted):
    """Documents by query, and what tools answer at the addresses that the documents name."""
    documents = {query: await post(app, route, query, {"call_id": CALL}) for query in wanted.get("queries", [""])}
    said = []
    for tool, arguments in wanted.get("calls", ()):
        document = await post(app, route, wanted.get("calls_query", ""), {"call_id": CALL})
        [swaig] = [verb["ai"]["SWAIG"] for verb in document["sections"]["main"] if "ai" in verb]
        [described] = [function for function in swaig["functions"] if function["function"] == tool]
        url = urlsplit(described.get("web_hook_url") or swaig["defaults"]["web_hook_url"])
        argument = {"parsed": [arguments], "raw": json.dumps(arguments)}
        body = {"function": tool, "argument": argument, "call_id": CALL, "caller_id_num": "+15550100"}
        said.append([tool, arguments, await post(app, url.path, url.query, body)])
    return {"documents": documents, "answers": said}


def normalised(answered):
    """Without what differs from one time to the next."""
    return json.loads(re.sub(r'__token=[^"&]+', "__token=<TOKEN>", json.dumps(answered)))


def rendered(example, package, application):
    """All that an example answers.

    Args:
        example: its name.
        package: where it imports from.
        application: makes an ASGI application of an agent.
    """
    agent = load(example, package)()
    wanted = json.loads((HERE / "requests.json").read_text(encoding="utf-8")).get(example, {})
    return normalised(asyncio.run(answers(application(agent), agent.route, wanted)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    for name in EXAMPLES:
        made = rendered(name, "signalwire", lambda agent: agent.get_app())
        (folder / f"{name}.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
