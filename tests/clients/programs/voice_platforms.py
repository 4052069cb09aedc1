"""Requests in the shape of Vapi's and ElevenLabs's custom language models."""

from __future__ import annotations

import json
import os
import secrets

import httpx

BASE = os.environ["AGENTHOST_URL"].replace("/v1", "/shop/v1")
HEADERS = {"authorization": f"Bearer {os.environ['AGENTHOST_PASSWORD']}"}
END = {
    "type": "function",
    "function": {
        "name": "end_call_weather",
        "description": "End the call",
        "parameters": {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]},
    },
}
VAPI = {
    "model": "gpt-4o",
    "temperature": 0.7,
    "max_tokens": 250,
    "phoneNumber": {"number": "+15550100"},
    "customer": {"number": "+15550199"},
    "metadata": {"numAssistantTurns": 1},
    "timestamp": 1764460000000,
}
ELEVENLABS = {
    "model": "custom",
    "temperature": 0.5,
    "max_tokens": 1024,
    "user_id": "u1",
    "elevenlabs_extra_body": {"customer": "7"},
}


def shapes():
    """Return the fields of both platforms for a new call.

    The ID of Vapi's call names the conversation.
    """
    call = {"id": secrets.token_hex(8), "type": "inboundPhoneCall", "orgId": "o1"}
    return ({**VAPI, "call": call}, ELEVENLABS)


def ask(shape, *messages, **more):
    said = [{"role": "system", "content": "You are on the phone."}, *messages]
    body = {**shape, "messages": said, "stream": True, **more}
    text, calls, last = "", [], {}
    with httpx.stream("POST", f"{BASE}/chat/completions", json=body, headers=HEADERS, timeout=60) as response:
        assert response.status_code == 200, response.read()
        for line in response.iter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            assert "error" not in chunk, chunk
            for choice in chunk["choices"]:
                text += choice["delta"].get("content") or ""
                calls += choice["delta"].get("tool_calls") or []
                last = choice
    return text, calls, last["finish_reason"]


def user(text):
    return {"role": "user", "content": text}


def chat():
    for shape in shapes():
        assert ask(shape, user("Order kite"))[0].startswith("The result is: kite, order number")
    for shape in shapes():
        assert ask(shape)[0]  # the agent begins


def stream():
    for shape in shapes():
        assert ask(shape, user("Hello")) == ("You have written 1 times.", [], "stop")


def tools():
    for shape in shapes():
        _, [call], finish = ask(shape, user("Bye, and the weather?"), tools=[END])
        assert (call["function"]["name"], finish) == ("end_call_weather", "tool_calls")
        called = {"role": "assistant", "content": None, "tool_calls": [{**call, "index": 0}]}
        result = {"role": "tool", "tool_call_id": call["id"], "content": "done"}
        assert ask(shape, user("Bye, and the weather?"), called, result, tools=[END])[0] == "The result is: done."


def resend():
    for shape in shapes():
        ask(shape, user("Hello"))
        said = [user("Hello"), {"role": "assistant", "content": "You have written 1 times."}, user("Again")]
        assert ask(shape, *said)[0] == "You have written 2 times."
