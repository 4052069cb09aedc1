"""Agents that receive summaries and debug events, and tell tests what they have received."""

import json
import sys
import time

from agenthost import AgentBase


class Keeping(AgentBase):
    """Keeps what it receives in an attribute of its own, which a tool tells."""

    def __init__(self, name):
        super().__init__(name=name, route=f"/{name}", fallback="The notes are gone.")
        self.prompt_add_section("Role", "You take notes.")
        self.set_post_prompt("Sum it up.")
        self.received = []
        self.define_tool("received", "Tell", {}, lambda args: json.dumps(self.received), secure=False)


class Notes(Keeping):
    def __init__(self):
        super().__init__("notes")
        self.enable_debug_events(2)
        self.on_debug_event(lambda event_type, data: self.received.append([event_type, data]))

    def on_summary(self, summary, raw_data=None):
        self.received.append([summary, raw_data])
        return {"summary": summary, "call": raw_data.get("call_id")}


class AsyncNotes(Keeping):
    def __init__(self):
        super().__init__("async-notes")

        @self.on_debug_event
        async def heard(event_type, data):
            self.received.append([event_type, data])
            if event_type == "fail":
                raise RuntimeError("the event is on fire")

    async def on_summary(self, summary, raw_data=None):
        self.received.append([summary, raw_data])
        return ["async", summary]


class PlainNotes(Keeping):
    """Has no on_summary of its own."""

    def __init__(self):
        super().__init__("plain-notes")


class FailingNotes(Keeping):
    """Fails in the way that the summary says."""

    def __init__(self):
        super().__init__("failing-notes")

    def on_summary(self, summary, raw_data=None):
        if summary == "raise":
            raise RuntimeError("the notes are on fire")
        if summary == "exit":
            sys.exit(3)
        if summary == "hang":
            time.sleep(120)
        return object()


class CalledNotes(Keeping):
    """Is configured for each call, the summary's too."""

    def __init__(self):
        super().__init__("called-notes")
        self.guest = "nobody"
        self.add_per_call_config(self.configure)

    def configure(self, query, body, headers, agent):
        agent.guest = query.get("guest", "a stranger")
        agent.add_swaig_query_params({"guest": agent.guest})

    def on_summary(self, summary, raw_data=None):
        return f"{self.guest}: {summary}"
