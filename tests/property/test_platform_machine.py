"""A call whose host changes its mind at any time never gets stuck."""

from __future__ import annotations

import asyncio

from any_documents import LIMITS, actions, documents, texts, turns, values
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from swml_host import SwmlHost, ai, document, function

from agenthost import Completion, ToolUse
from agenthost.testing.platform import Platform, PlatformOptions

SECONDS = 20
"""The time after which a call is stuck. Usually a step takes milliseconds."""
CAUSES = {"caller", "hangup", "script_end", "script_error", "loop_guard"}
USUAL = document(ai(function("f"), function("g")))


class Eager:
    """A model that calls the last function that it is offered, and otherwise speaks."""

    name = "eager"

    async def answer(self, request):
        uses = [ToolUse("1", tool.name, f'{{"n": {len(request.messages)}}}') for tool in request.tools[-1:]]
        yield Completion("" if uses else "Yes?", tuple(uses))


class CallInProgress(RuleBasedStateMachine):
    """Everything that a caller, a model and a host may do, in any order."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.host = SwmlHost({"/": USUAL, "/b": USUAL, "/sip": USUAL}, {"f": {"response": "r"}, "g": {"response": "r"}})
        self.call = None
        self.seen = 0

    def run(self, step):
        return self.loop.run_until_complete(asyncio.wait_for(step, SECONDS))

    @initialize(first=st.just(USUAL) | documents, way=st.sampled_from(["call", "chat", "sip"]), eager=st.booleans())
    def begin(self, first, way, eager):
        self.host.documents |= {"/": first, "/sip": first}
        options = PlatformOptions(limits=LIMITS, retries=1, sip_domains=("host.example",))
        platform = Platform(self.host.client(), options, model=Eager() if eager else None)
        address = "sip:x@host.example" if way == "sip" else "/"
        self.call = self.run(getattr(platform, way)(address))

    @rule(text=texts, given=st.none() | st.lists(turns, max_size=3), barge=st.none() | st.integers(-1, 5000))
    def say(self, text, given, barge):
        self.run(self.call.say(text, *(given or ()), barge_after=barge))

    @rule(given=st.lists(turns, min_size=1, max_size=3))
    def let_the_model_speak(self, given):
        self.run(self.call.model(*given))

    @precondition(lambda self: self.call is not None and self.call.tools)
    @rule(
        number=st.integers(0, 9), arguments=st.dictionaries(st.sampled_from(["step", "context", "answer", "x"]), values)
    )
    def call_what_is_offered(self, number, arguments):
        self.run(self.call.tool(self.call.tools[number % len(self.call.tools)], **arguments))

    @rule(milliseconds=st.integers(-1, 10_000_000))
    def say_nothing(self, milliseconds):
        self.run(self.call.wait(milliseconds))

    @rule(digits=st.sampled_from(["", "1", "*#"]))
    def press(self, digits):
        self.run(self.call.press(digits))

    @rule()
    def end_a_hold(self):
        self.run(self.call.unhold())

    @rule(summary=st.none() | values)
    def hang_up_one_leg(self, summary):
        self.run(self.call.hang_up(summary))

    @rule(path=st.sampled_from(["/", "/b", "/sip"]), changed=documents | values)
    def change_a_document(self, path, changed):
        self.host.documents[path] = changed

    @rule(name=st.sampled_from(["f", "g"]), response=values, answered=actions | values, first=st.booleans())
    def change_an_answer(self, name, response, answered, first):
        self.host.functions[name] = {"response": response, "action": answered, "post_process": first}

    @rule(statuses=st.lists(st.sampled_from([200, 204, 404, 500, 503]), max_size=3))
    def break_the_host(self, statuses):
        self.host.statuses = statuses

    @invariant()
    def everything_can_be_read(self):
        call = self.call
        if call is None:
            return
        assert isinstance(call.prompt, str)
        assert (call.ended, call.cause in CAUSES) in {(True, True), (False, False)}
        assert set(call.tools) == set(call.tool_specs)
        assert isinstance(call.document, dict)
        assert {type(call.global_data), type(call.meta_data), type(call.variables)} == {dict}

    @invariant()
    def the_trace_only_grows_and_stays_small(self):
        if self.call is None:
            return
        events = self.call.trace.events
        assert len(events) >= self.seen
        assert not self.call.ended or (events[-1].kind, events[-1].leg) == ("ended", 1)
        self.seen = len(events)
        assert len(self.call.trace.encode()) < 20_000_000

    def teardown(self):
        """Hang up: each hang-up ends a leg, of which there are not many."""
        try:
            for _ in range(LIMITS.sessions + 2):
                self.run(self.call.hang_up("bye"))
            assert self.call.ended
            before = self.call.trace.encode()
            self.run(self.call.say("Hello?"))
            assert self.call.trace.encode() == before
            self.run(self.call.close())
        finally:
            self.loop.close()


TestCallInProgress = CallInProgress.TestCase
TestCallInProgress.settings = settings(
    deadline=None,
    stateful_step_count=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
