"""Records in the host's store: sampled, written, listed and read."""

from __future__ import annotations

import logging
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.recording.listed_calls import latest_rows, list_call
from agenthost._host.recording.record import FORMAT, record_of
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost.errors import StateRefused, StateUnavailable
from agenthost.tools.swaig import call_id, conversation_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store, Stores

__all__ = ["RECORDS", "find_records", "keep_record", "list_records", "redacting"]

RECORDS = "recorded calls"
_DAY = 86400.0
_MOST = 1000
"""Records that are read, the latest."""
_log = logging.getLogger("agenthost.calls")


async def keep_record(
    stores: Stores,
    config: Config,
    redactors: Sequence[Redactor],
    agent: Mounted,
    body: Mapping[str, Any],
    notes: Callable[[], Awaitable[Sequence[Mapping[str, Any]]]] | None = None,
) -> None:
    """Record an agent's part in a call, if the call is in the sample.

    ``notes`` returns what the host has noted about the call, see ``CallNotes.report``. A store that does not answer
    loses the record, and never the summary.
    """
    own = config.recording
    call = call_id(body) or conversation_id(body) or ""
    if own.days == 0 or not _sampled(call, own.percent):
        return
    try:
        noted = [] if notes is None else await notes()
        record = record_of(agent, body, redacting(config, redactors), noted)
        name, ttl = f"{_name(call)}/{_name(str(record['session']))}", own.days * _DAY
        await _store(stores).set(name, record, ttl=ttl)
        await list_call(stores, name, record, ttl)
    except (StateRefused, StateUnavailable) as error:
        _log.warning("a call of agent %s is not recorded: %s", agent.key, error)
    except Exception:  # noqa: BLE001 - the summary is worth more than its record
        _log.exception("a call of agent %s is not recorded", agent.key)


def redacting(config: Config, redactors: Sequence[Redactor]) -> Callable[[str], str]:
    """Return the function that redacts each text of a record."""
    return partial(_without_secrets, SecretRedactor(config), redactors)


async def list_records(stores: Stores) -> list[dict[str, Any]]:
    """Return the records, the latest first.

    Raises:
        StateUnavailable: the store does not answer.
    """
    rows = await latest_rows(stores, lambda _: True, most=_MOST)
    return await _read(stores, [row["key"].partition("/")[2] for row in rows])


async def find_records(stores: Stores, call: str) -> list[dict[str, Any]]:
    """Return the records of one call, one for each agent, the earliest first.

    Raises:
        StateUnavailable: the store does not answer.
    """
    names = [key async for key in _store(stores).scan(f"{_name(call)}/")]
    if not names:
        rows = await latest_rows(stores, lambda row: str(row.get("id", "")).startswith(call), most=_MOST)
        names = [row["key"].partition("/")[2] for row in rows]
    return sorted(await _read(stores, names), key=_began)


async def _read(stores: Stores, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the records under some names, but those that have expired since."""
    store = _store(stores)
    records = [await store.get(name) for name in names]
    return [each for each in records if isinstance(each, dict) and each.get("format") == FORMAT]


def _without_secrets(secrets: SecretRedactor, redactors: Sequence[Redactor], text: str) -> str:
    return redacted(redactors, secrets.redacted(text))


def _sampled(call: str, percent: int) -> bool:
    """Return True if a call is in the sample, the same on all hosts."""
    return int.from_bytes(blake2b(call.encode("utf-8", "replace"), digest_size=4).digest()) % 100 < percent


def _name(text: str) -> str:
    """Return a name for a key of the store, whatever an ID contains."""
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _began(record: Mapping[str, Any]) -> float:
    began = record.get("began")
    return began if isinstance(began, (int, float)) else 0.0


def _store(stores: Stores) -> Store:
    return stores.own(RECORDS)
