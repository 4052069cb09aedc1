"""Expectations about a call: methods that pass or show the call so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, Self

from agenthost.testing.hosts.transcripts import transcript

if TYPE_CHECKING:
    from agenthost.testing.platform import Call as EngineCall, TraceEvent

__all__ = ["Expectations"]


class Expectations:
    """Expectations about a call, from its beginning to now.

    Each method returns the expectations, so that another can follow, or raises ``AssertionError`` with the transcript
    of the call.

    Args:
        call: the call of the simulated platform.
        hops: paths of the agents that had the call, in order.
    """

    def __init__(self, call: EngineCall, hops: tuple[str, ...]) -> None:
        self._call = call
        self._hops = hops

    def tool(self, name: str, /, **arguments: Any) -> Self:
        """Expect that the model called a tool with these arguments, among others."""
        __tracebackhide__ = True
        found = [event.data["arguments"] for event in self._events("tool") if event.data["function"] == name]
        if not any(_includes(given, arguments) for given in found):
            described = f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
            self._fail(f"a call of {described}, not of {found}" if found else f"a call of {described}")
        return self

    def no_tool(self, *names: str) -> Self:
        """Expect that the model called none of these tools.

        Without names, none at all.
        """
        __tracebackhide__ = True
        called = [str(event.data["function"]) for event in self._events("tool")]
        if unwanted := [name for name in called if not names or name in names]:
            self._fail(f"no call of {', '.join(unwanted)}")
        return self

    def tools_in_order(self, *names: str) -> Self:
        """Expect that the model called these tools in this order, among others."""
        __tracebackhide__ = True
        called = iter([str(event.data["function"]) for event in self._events("tool")])
        if not all(name in called for name in names):
            self._fail(f"calls of {', '.join(names)} in this order")
        return self

    def said(self, *texts: str) -> Self:
        """Expect that the agent said each of these texts."""
        __tracebackhide__ = True
        spoken = "\n".join(str(event.data["text"]) for event in self._events("spoken"))
        if missing := [text for text in texts if text not in spoken]:
            self._fail(f"the words {missing[0]!r}")
        return self

    def not_said(self, *texts: str) -> Self:
        """Expect that the agent said none of these texts."""
        __tracebackhide__ = True
        spoken = "\n".join(str(event.data["text"]) for event in self._events("spoken"))
        if found := [text for text in texts if text in spoken]:
            self._fail(f"the agent not to say {found[0]!r}")
        return self

    def action(self, name: str, value: Any = ...) -> Self:
        """Expect that the platform applied an action, with this value if one is given."""
        __tracebackhide__ = True
        found = [event.data["value"] for event in self._events("action") if event.data["action"] == name]
        if not found or (value is not ... and value not in found):
            self._fail(f"the action {name}" + (f" with {value!r}, not {found}" if found else ""))
        return self

    def agent(self, path: str) -> Self:
        """Expect that the agent at a path has the call, or had it last."""
        __tracebackhide__ = True
        last = self._hops[-1] if self._hops else "none"
        if last != path:
            self._fail(f"the agent at {path} to have the call, not {last}")
        return self

    def hops(self, *paths: str) -> Self:
        """Expect that the agents at these paths had the call, in this order."""
        __tracebackhide__ = True
        if self._hops != paths:
            self._fail(f"the hops {paths}, not {self._hops}")
        return self

    def step(self, name: str) -> Self:
        """Expect that the call is in a step."""
        __tracebackhide__ = True
        if self._call.step != name:
            self._fail(f"the step {name!r}, not {self._call.step!r}")
        return self

    def global_data(self, **values: Any) -> Self:
        """Expect these values in the global data, among others."""
        __tracebackhide__ = True
        if not _includes(self._call.global_data, values):
            self._fail(f"the global data {values}, not {dict(self._call.global_data)}")
        return self

    def summary(self, *texts: str, **values: Any) -> Self:
        """Expect an accepted summary with these texts, and these values in its JSON."""
        __tracebackhide__ = True
        posted = [event.data["data"] for event in self._events("summary") if 0 < event.data["status"] < 300]
        fits = [
            each
            for each in posted
            if all(text in each.get("raw", "") for text in texts)
            and (not values or any(_includes(parsed, values) for parsed in each.get("parsed", ())))
        ]
        if not fits:
            self._fail(f"a summary with {[*texts, *([values] if values else [])]}, not {posted}")
        return self

    def ended(self, cause: str | None = None) -> Self:
        """Expect that the call has ended, for this reason if one is given."""
        __tracebackhide__ = True
        if not self._call.ended or cause not in (None, self._call.cause):
            self._fail(f"the call to end{f' by {cause}' if cause else ''}, not {self._call.cause or 'to go on'}")
        return self

    def going_on(self) -> Self:
        """Expect that the call has not ended."""
        __tracebackhide__ = True
        if self._call.ended:
            self._fail(f"the call to go on: it ended by {self._call.cause}")
        return self

    def no_findings(self) -> Self:
        """Expect no mistake that the platform would log or ignore."""
        __tracebackhide__ = True
        if found := [str(event.data["message"]) for event in self._call.trace.findings]:
            self._fail(f"no findings: {'; '.join(found)}")
        return self

    def _events(self, kind: str) -> tuple[TraceEvent, ...]:
        return self._call.trace.of(kind)

    def _fail(self, expected: str) -> NoReturn:
        __tracebackhide__ = True
        msg = f"expected {expected}\nthe call:\n{transcript(self._call.trace)}"
        raise AssertionError(msg)


def _includes(given: Any, wanted: Any) -> bool:
    return isinstance(given, dict) and all(name in given and given[name] == value for name, value in wanted.items())
