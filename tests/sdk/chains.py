"""Chains of calls, made on a class of the SDK and on ours.

Values are drawn by the SDK's signatures.
"""

from __future__ import annotations

import inspect
import json
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import signalwire
from attrs import frozen
from hypothesis import strategies as st

import agenthost

__all__ = ["PACKAGES", "Made", "applied", "calls", "chain", "methods", "outcomes"]

PACKAGES = (signalwire, agenthost)
TEXT = st.sampled_from(["one", "two words", "Grüße", "https://shop.example/a?b=c", "sip:ann@shop.example", "+15550100"])
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | TEXT
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=2)
NAMES = st.sampled_from(["one", "two"])


@frozen
class Made:
    """A value of a class that both packages have."""

    name: str
    args: tuple[Any, ...]

    def of(self, package) -> Any:
        """Make it."""
        return getattr(package, self.name)(*(_of(each, package) for each in self.args))


RESULTS = st.builds(lambda text: Made("FunctionResult", (text,)), TEXT)
GATES = st.builds(lambda *args: Made("SemanticGate", args), TEXT, st.sampled_from([0.1, 0.5, 1.0]), TEXT | RESULTS)
NAMED = {
    "actions": st.lists(st.dictionaries(st.sampled_from(["say", "stop"]), TEXT, min_size=1, max_size=1), max_size=2),
    "ai_response": TEXT,
    "beep": st.sampled_from(["true", "false", "onEnter", "onExit", "loud"]) | st.booleans(),
    "context_name": NAMES,
    "contexts": st.lists(NAMES, max_size=2),
    "data": st.dictionaries(st.sampled_from("abc"), JSON, max_size=2),
    "device_type": st.sampled_from(["phone", "sip"]),
    "enter_fillers": st.dictionaries(st.sampled_from(["en-US", "default"]), st.lists(TEXT, min_size=1, max_size=2)),
    "exit_fillers": st.dictionaries(st.sampled_from(["en-US", "default"]), st.lists(TEXT, min_size=1, max_size=2)),
    "expressions": st.lists(
        st.fixed_dictionaries({"string": TEXT, "pattern": TEXT, "output": st.just({"response": "ok"})}), max_size=2
    ),
    "foreach_config": st.fixed_dictionaries(
        {"input_key": st.just("items"), "output_key": st.just("text"), "append": TEXT},
        optional={"max": st.integers(1, 9)},
    ),
    "function_toggles": st.lists(
        st.fixed_dictionaries({"function": NAMES, "active": st.booleans()}), min_size=1, max_size=2
    ),
    "functions": st.sampled_from(["none", [], ["change_context"], ["gone"]]),
    "gate": GATES,
    "fillers": st.dictionaries(st.just("en-US"), st.lists(TEXT, min_size=1, max_size=2), min_size=1),
    "hints": st.lists(
        TEXT | st.fixed_dictionaries({"pattern": TEXT, "replace": TEXT}, optional={"ignore_case": st.booleans()}),
        max_size=2,
    ),
    "history": st.sampled_from(["keep", "default", "hide", "full"]),
    "input_method": st.sampled_from(["dtmf", "voice"]),
    "keys": NAMES | st.lists(NAMES, min_size=1, max_size=2),
    "language_code": st.sampled_from(["en-US", "default"]),
    "method": st.sampled_from(["GET", "POST", "PUT", "post"]),
    "milliseconds": st.integers(1, 5000),
    "on_fail": TEXT | RESULTS,
    "output": RESULTS,
    "nomatch_output": st.none() | RESULTS,
    "param_type": st.sampled_from(["string", "integer", "number", "boolean", "array", "object"]),
    "pattern": st.sampled_from(["^a", "b+"]),
    "position": st.integers(0, 2),
    "record": st.sampled_from(["do-not-record", "record-from-start", "sometimes"]),
    "recording_status_callback_method": st.sampled_from(["GET", "POST", "PUT"]),
    "response": st.none() | TEXT,
    "result": st.none() | RESULTS,
    "role": st.sampled_from(["system", "user"]),
    "settings": st.fixed_dictionaries({}, optional={"temperature": st.sampled_from([0.1, 0.9]), "top-p": st.just(0.5)}),
    "state": st.dictionaries(st.sampled_from("abc"), JSON, max_size=2),
    "status_callback_method": st.sampled_from(["GET", "POST", "PUT"]),
    "step_name": NAMES,
    "steps": st.lists(NAMES, max_size=2),
    "swml_content": st.just({"version": "1.0.0", "sections": {"main": [{"hangup": {}}]}}),
    "threshold": st.sampled_from([0.1, 0.5, 1.0, 2.0]),
    "timeout": st.integers(-5, 1000),
    "trim": st.sampled_from(["trim-silence", "do-not-trim", "maybe"]),
    "type": st.sampled_from(["string", "integer", "number", "boolean"]),
    "valid_steps": st.lists(NAMES, max_size=2),
}
"""Values by the name of a parameter, where its annotation says too little."""
OF_METHODS = {
    ("add_enter_filler", "fillers"): st.lists(TEXT, min_size=1, max_size=2),
    ("add_exit_filler", "fillers"): st.lists(TEXT, min_size=1, max_size=2),
    ("__init__", "functions"): st.none() | st.lists(NAMES, max_size=2),
    ("add_gather_question", "functions"): st.none() | st.lists(NAMES, max_size=2),
    ("add_step", "name"): st.sampled_from(["three", "four", "five"]),
    ("error_keys", "keys"): st.lists(NAMES, max_size=2),
    ("fallback_output", "result"): RESULTS,
    ("global_error_keys", "keys"): st.lists(NAMES, max_size=2),
    ("output", "result"): RESULTS,
}
"""Values by method and parameter."""


def _of(value, package):
    return value.of(package) if isinstance(value, Made) else value


def _values(annotation):
    """Return a strategy for an annotation."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return st.one_of(*map(_values, inner))
    if origin is Literal:
        return st.sampled_from([*inner, "another"])
    if origin is list:
        return st.lists(_values(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(TEXT, _values(inner[1]), max_size=2)
    known = {
        NoneType: st.none(),
        bool: st.booleans(),
        int: st.integers(1, 300),
        float: st.sampled_from([0.5, 2.0]),
        str: TEXT,
    }
    return known.get(annotation, JSON)


@frozen
class Called:
    """One call of a method."""

    method: str
    args: tuple[Any, ...]
    options: dict[str, Any]

    def on(self, value, package):
        """Make it."""
        return self.new(getattr(value, self.method), package)

    def new(self, function, package):
        """Call a function or a class."""
        args = [_of(each, package) for each in self.args]
        return function(*args, **{name: _of(each, package) for name, each in self.options.items()})


def methods(cls):
    """Return the public methods of a class of the SDK, those that change it."""
    return {
        name: value
        for name, value in vars(getattr(signalwire, cls)).items()
        if inspect.isfunction(value) and not name.startswith(("_", "get_", "to_", "validate", "create_"))
    }


@st.composite
def calls(draw, cls, name, function=None):
    """Draw a call of a method, by its signature.

    Arguments without a default come by position, some others by name.
    """
    function = function or methods(cls)[name]
    hints = get_type_hints(function, {**vars(signalwire), **vars(inspect.getmodule(function))})
    args, options = [], {}
    for parameter in [*inspect.signature(function).parameters.values()][1:]:
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        values = OF_METHODS.get((name, parameter.name), NAMED.get(parameter.name))
        values = _values(hints.get(parameter.name, Any)) if values is None else values
        if parameter.default is parameter.empty and parameter.kind is not parameter.KEYWORD_ONLY:
            args.append(draw(values))
        elif draw(st.integers(0, 3)) == 0:
            options[parameter.name] = draw(values)
    return Called(name, tuple(args), options)


def chain(cls, most=5):
    """Draw a chain of calls on a class."""
    return st.lists(st.sampled_from([*methods(cls)]).flatmap(lambda name: calls(cls, name)), min_size=1, max_size=most)


def applied(value, package, called):
    """Make a chain of calls, each on the value, and return the value."""
    for each in called:
        each.on(value, package)
    return value


def outcomes(make):
    """Return the JSON or the error that a function makes of each package."""
    return [_outcome(make, package) for package in PACKAGES]


def _outcome(make, package):
    try:
        return json.loads(json.dumps(make(package)))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return error
