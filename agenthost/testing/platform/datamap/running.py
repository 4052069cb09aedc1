"""One run of a data map: expressions, at most one request, and the output."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from agenthost.testing.platform.datamap.templates import expand_in, expand_texts, look_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.testing.platform.leg import Leg

__all__ = ["run_data_map"]

_ERROR = {"response": "Error: the function could not be completed."}
_LONGEST = 2000


async def run_data_map(leg: Leg, name: str, data_map: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Run a data map, and return its result as a webhook would."""
    result = _expressions(leg, data_map.get("expressions"), root)
    if result is not None:
        return result
    webhooks = data_map.get("webhooks")
    alone = isinstance(webhooks, dict)
    entries = [webhooks] if alone else webhooks if isinstance(webhooks, list) else []
    webhook = next((entry for entry in entries if _eligible(entry, root)), None)
    if webhook is not None:
        result = await _request(leg, name, webhook, root, checked=not alone)
        if result is not None:
            return result
    result = _output(data_map.get("output"), root)
    return result if result is not None else dict(_ERROR)


def _eligible(webhook: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(webhook, dict) or not ({"output", "expressions"} & webhook.keys()):
        return False
    needed = webhook.get("require_args")
    args = root.get("args")
    present = args if isinstance(args, dict) else {}
    return not isinstance(needed, list) or not needed or any(str(arg) in present for arg in needed)


async def _request(
    leg: Leg, name: str, webhook: Mapping[str, Any], root: Mapping[str, Any], *, checked: bool
) -> dict[str, Any] | None:
    """Send the request of a webhook. None is a failure."""
    method = str(webhook.get("method", "GET")).upper()
    url = expand_in(str(webhook.get("url", "")), root)
    params = expand_texts(webhook.get("params"), root)
    if webhook.get("input_args_as_params") is True:
        args = root.get("args")
        params = {**(params if isinstance(params, dict) else {}), **(args if isinstance(args, dict) else {})}
    body: Any = params if isinstance(params, dict) else None
    posted = "POST" if body is not None or method == "POST" else "GET"
    written = webhook.get("headers")
    headers = tuple((str(key), str(value)) for key, value in (written.items() if isinstance(written, dict) else ()))
    form = webhook.get("form_param")
    if isinstance(form, str) and form and body is not None:
        url = f"{url}{'&' if '?' in url else '?'}{urlencode({form: str(body)})}" if posted == "GET" else url
        body = {form: body}
    if posted == "POST" and not any(key.lower() == "content-type" for key, _ in headers):
        headers += (("content-type", "application/json"),)
    delivered = await leg.room.delivery.send(name, posted, url, body if posted == "POST" else None, headers)
    leg.trace("data_map", function=name, method=posted, url=delivered.url, status=delivered.status)
    if delivered.response is None:
        leg.finding("data_map", f"{name}: {delivered.failure}", function=name)
        return None
    try:
        answer = delivered.response.json()
    except ValueError:
        leg.trace("data_map_failed", function=name, reason="the answer is not JSON")
        return None
    keys = webhook.get("error_keys")
    named = [keys] if isinstance(keys, str) else keys if isinstance(keys, list) else []
    failed = next((str(key) for key in named if isinstance(answer, dict) and key in answer), None)
    if checked and failed is not None:
        leg.trace("data_map_failed", function=name, reason=f"the answer has {failed!r}")
        return None
    return _answered(leg, webhook, answer, root)


def _answered(leg: Leg, webhook: Mapping[str, Any], answer: Any, root: Mapping[str, Any]) -> dict[str, Any] | None:
    """Make the output of a webhook. Afterwards, root is the response."""
    below: dict[str, Any] = dict(answer) if isinstance(answer, dict) else {"array": answer}
    below = {**below, "input": dict(root)}
    each = webhook.get("foreach")
    if isinstance(each, dict):
        below[str(each.get("output_key", "output"))] = _foreach(each, below)
    result = _expressions(leg, webhook.get("expressions"), below)
    return result if result is not None else _output(webhook.get("output"), below)


def _foreach(each: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    items = look_up(root, str(each.get("input_key", "")))
    most = each.get("max")
    rows = items if isinstance(items, list) else []
    rows = rows[:most] if isinstance(most, int) and most > 0 else rows
    template = str(each.get("append", ""))
    return "".join(expand_in(template, {**root, "this": row}) for row in rows)


def _expressions(leg: Leg, expressions: Any, root: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the output of the first expression that decides, or None."""
    entries = [expressions] if isinstance(expressions, dict) else expressions if isinstance(expressions, list) else []
    for entry in entries:
        if not isinstance(entry, dict):
            continue
        text = expand_in(str(entry.get("string", "")), root)[:_LONGEST]
        key = "output" if _matches(leg, str(entry.get("pattern", "")), text) else "nomatch-output"
        result = _output(entry.get(key), root)
        if result is not None:
            return result
    return None


def _matches(leg: Leg, pattern: str, text: str) -> bool:
    """Search a pattern, without regard to case unless it is written ``/pattern/flags``."""
    flags = re.IGNORECASE
    framed = re.fullmatch(r"/(.*)/([a-z]*)", pattern, re.DOTALL)
    if framed is not None:
        pattern, flags = framed[1], re.IGNORECASE if "i" in framed[2] else re.NOFLAG
    if re.search(r"[+*}]\)*[+*{]", pattern):
        leg.finding("data_map", f"the pattern {pattern!r} repeats a repetition, so it is not searched"[:200])
        return False
    try:
        return re.search(pattern, text, flags) is not None
    except (re.error, OverflowError, RecursionError):
        leg.finding("data_map", f"the pattern {pattern!r} is not a regular expression"[:200])
        return False


def _output(output: Any, root: Mapping[str, Any]) -> dict[str, Any] | None:
    if isinstance(output, str):
        return {"response": expand_in(output, root)}
    if not isinstance(output, dict):
        return None
    made: dict[str, Any] = expand_texts(output, root)
    return made
