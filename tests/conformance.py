"""Replays a conformance record's steps on the vocabulary's own classes (tests/data/conformance/README.md)."""

import json
import re
from pathlib import Path

from agenthost.contexts import ContextBuilder
from agenthost.results import FunctionResult
from agenthost.tools.datamap import DataMap

DATA = Path(__file__).parent / "data" / "conformance"


def records(name, *, kind=None, tag=None):
    """Return the records of a file, of one kind or with one tag."""
    return [
        record
        for record in json.loads((DATA / f"{name}.json").read_text("utf-8"))
        if kind in {None, record.get("kind")} and (tag is None or tag in record["tags"])
    ]


def by_id(name, wanted):
    """Return one record."""
    return next(record for record in records(name) if record["id"] == wanted)


class Agent:
    """As much of an agent as the steps about contexts and data maps need."""

    def __init__(self):
        self.contexts = None
        self.functions = []

    def define_contexts(self):
        self.contexts = ContextBuilder()
        return self.contexts

    def reset_contexts(self):
        self.contexts.reset()

    def register_swaig_function(self, function):
        self.functions.append(function)

    def define_tool(self, name, *args, **kwargs):
        self.functions.append({"function": name})

    def __getattr__(self, name):
        """Let the steps that concern other parts of the document pass."""
        return lambda *args, **kwargs: None

    def rendered_contexts(self):
        self.contexts.validate([function["function"] for function in self.functions])
        return self.contexts.to_dict()


def replay(steps, **targets):
    """Run the steps and return their targets by name.

    ``agent`` is made unless one is passed.
    """
    bound = {"agent": Agent(), **targets}
    for target, method, args, kwargs, bind_as in steps:
        call = DataMap if target == "new:DataMap" else getattr(bound[target], method)
        value = call(*(argument(value, bound) for value in args), **kwargs)
        if bind_as:
            bound[bind_as] = value
    return bound


def argument(value, bound):
    """Return an argument with its marker replaced by what it stands for."""
    match value:
        case {"$fr": [args, kwargs, chain]}:
            result = FunctionResult(*args, **kwargs)
            for method, method_args, method_kwargs in chain:
                getattr(result, method)(*method_args, **method_kwargs)
            return result
        case {"$handler": _}:
            return lambda args, raw_data: FunctionResult(f"got {json.dumps(args)}")
        case {"$re": pattern}:
            return re.compile(pattern)
        case {"$call": [name, method]}:
            return getattr(bound[name], method)()
    return value
