"""A recorded call as a scenario, for ``agenthost test``."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from agenthost._web.console.calls.call_page import records_of
from agenthost._web.console.child_command import run_command
from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused

if TYPE_CHECKING:
    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer

__all__ = ["scenario_file"]

_NAME = "call.call.toml"
_HEADERS = (
    (b"content-type", b"application/toml"),
    (b"content-disposition", b'attachment; filename="%s"' % _NAME.encode()),
)


async def scenario_file(asked: PageRequest) -> Answer:
    """Return the scenario that ``agenthost replay --save`` writes of a call.

    Raises:
        Refused: the call is not recorded, or cannot be written as a scenario.
    """
    records = await records_of(asked, asked.query("id") or "")
    if asked.as_json or not records:
        raise Refused(404)
    with TemporaryDirectory() as place:
        source, file = Path(place, "records.json"), Path(place, _NAME)
        await asyncio.to_thread(source.write_text, json.dumps(records), encoding="utf-8")
        done = await run_command("replay", str(source), "--save", str(file))
        if done.code != 0:
            words = gettext("the call cannot be written as a scenario: {reason}")
            raise Refused(409, words.format(reason=done.errors.strip()[-300:]))
        body = await asyncio.to_thread(file.read_bytes)
    headers = [each for each in asked.request.rules.document if each[0] != b"content-type"]
    return 200, [*headers, *_HEADERS], body
