"""agenthost/swml/verbs.json: the part of SWML's schema that describes verbs.

The SDK has the schema. Verbs of the model are left out.
``python tests/sdk/verb_schema.py`` writes it.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

FILE = Path(__file__).parents[2] / "agenthost" / "swml" / "verbs.json"
OPEN = ("ai", "ai_sidecar", "amazon_bedrock")
"""Verbs of the model, whose schema lags behind the platform."""
_PROSE = ("$comment", "default", "description", "examples", "title")
_NOTICE = "SWML's schema, of signalwire-sdk {version}. MIT License, Copyright (c) 2025 SignalWire."


def _refs(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].rpartition("/")[2]
        for inner in value.values():
            yield from _refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _refs(inner)


def _plain(value, *, names=False):
    """Return a schema without its prose. ``names`` is true for objects whose keys are names."""
    if isinstance(value, dict):
        kept = ((key, inner) for key, inner in value.items() if names or key not in _PROSE)
        return {key: _plain(inner, names=key == "properties" and not names) for key, inner in kept}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def text():
    """Return the file's text."""
    import signalwire  # noqa: PLC0415 - where it is installed

    definitions = json.loads((files("signalwire") / "schema.json").read_text(encoding="utf-8"))["$defs"]
    methods = [each["$ref"].rpartition("/")[2] for each in definitions["SWMLMethod"]["anyOf"]]
    verbs = {next(iter(definitions[name]["properties"])): name for name in methods}
    for verb in OPEN:
        definitions[verbs[verb]] = {"type": "object", "properties": {verb: {}}, "required": [verb]}
    needed, rest = set(), [name for verb, name in verbs.items() if verb not in OPEN]
    while rest:
        if (name := rest.pop()) not in needed:
            needed.add(name)
            rest += [each for each in _refs(definitions[name]) if each in definitions]
    schema = {
        "$comment": _NOTICE.format(version=signalwire.__version__),
        "verbs": {verb: name for verb, name in sorted(verbs.items()) if verb not in OPEN},
        "$defs": {name: _plain(definitions[name]) for name in sorted(needed)},
    }
    return json.dumps(schema, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE} is written\n")
