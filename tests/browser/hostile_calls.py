"""Calls whose every word would run in a page that does not escape it."""

from __future__ import annotations

from agenthost_test_hostile import WORDS
from caller import Caller, functions

CALL = "call-of-a-stranger"
CONVERSATION = "conversation-of-a-stranger"


def call_everything(served):
    """Call the agents of a host as the platform and clients in text do."""
    caller = Caller.of(served)
    document = caller.document("/hostile", CALL)
    tools = functions(document)
    caller.call(tools["echo"]["web_hook_url"], "echo", {"words": WORDS}, CALL)
    caller.call(tools["fail"]["web_hook_url"], "fail", {"words": {WORDS: WORDS}}, CALL)
    caller.ask("POST", "/sip", {"call": {"call_id": CALL, "to": "sip:%3Cscript%3E@example.com", "from": WORDS}})
    caller.ask("POST", "/sip", {"call": {"call_id": CALL, "to": "sip:nobody@example.com", "headers": {"X": WORDS}}})
    [ai] = [verb["ai"] for verb in document["sections"]["main"] if "ai" in verb]
    path = ai["post_prompt_url"].partition("@")[2].partition("/")[2]
    assert caller.ask("POST", f"/{path}", summary()).status == 200
    said = {
        "model": "hostile",
        "messages": [{"role": "user", "content": WORDS}],
        "metadata": {"conversation": CONVERSATION, WORDS[:60]: WORDS},
    }
    caller.ask("POST", "/v1/chat/completions", said)


def summary():
    """Return the platform's summary of a call, with hostile words everywhere."""
    return {
        "call_id": CALL,
        "ai_session_id": "session",
        "caller_id_name": WORDS,
        "caller_id_number": WORDS,
        "ai_start_date": 1_790_000_000_000_000,
        "ai_end_date": 1_790_000_060_000_000,
        "global_data": {WORDS: WORDS},
        "post_prompt_data": {"raw": WORDS, "substituted": WORDS, "parsed": [{WORDS: WORDS}]},
        "call_log": [
            {"role": "system", "content": WORDS, "timestamp": 1_790_000_001_000_000},
            {"role": "user", "content": WORDS, "timestamp": 1_790_000_002_000_000},
            {"role": "assistant", "content": WORDS, "timestamp": 1_790_000_003_000_000, "latency": 400},
            {"role": "tool", "content": WORDS, "timestamp": 1_790_000_004_000_000},
        ],
        "swaig_log": [
            {
                "command_name": "fail",
                "command_arg": WORDS,
                "epoch_time": 1_790_000_004,
                "post_response": {"response": WORDS},
            }
        ],
        "times": [{"answer": WORDS}],
    }
