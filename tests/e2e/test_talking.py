"""The front desk in text.

It is used over HTTP with two workers, and from the command line.
"""

import json
import urllib.request
from base64 import b64encode

import pytest
from environment import CREDENTIALS


@pytest.fixture(scope="module")
def served(desk):
    with desk.serve("--workers", "2") as served:
        yield served


def ask(served, text, **more):
    """The answer of the agent sales, in a conversation."""
    body = {"model": "sales", "messages": [{"role": "user", "content": text}], **more}
    pair = b64encode(":".join(CREDENTIALS).encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {pair}"}
    request = urllib.request.Request(  # noqa: S310 - always http
        f"{served.url}/v1/chat/completions", json.dumps(body).encode(), headers
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
        return answer.read().decode()


def test_an_installed_agent_answers_in_text(served):
    """It needs no configuration.

    Both workers have the conversation.
    """
    answers = [json.loads(ask(served, "What does basic cost?", metadata={"conversation": "c-1"})) for _ in range(4)]

    assert {answer["choices"][0]["message"]["content"] for answer in answers} == {"[offline model] basic is $99/month."}
    assert answers[0]["agenthost"]["conversation"] == "c-1"
    assert ask(served, "What does basic cost?", stream=True).endswith("data: [DONE]\n\n")


def test_the_command_line_answers_too(desk):
    done = desk.run("agenthost", "ask", "sales", "What does basic cost?", "--json")

    assert (done.returncode, json.loads(done.stdout)["text"]) == (0, "[offline model] basic is $99/month.")

    shown = desk.run("agenthost", "ask", "sales", "What does basic cost?")
    assert shown.stdout == "[offline model] basic is $99/month.\n"
    assert "set OPENAI_API_KEY" in shown.stderr
