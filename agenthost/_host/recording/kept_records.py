"""Records in the host's store: sampled, written, listed and read."""

from __future__ import annotations

import logging
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from agenthost._host.plan.chosen_redactors import redacted
from agenthost._host.recording.record import FORMAT, record_of
from agenthost._host.telemetry.secrets.redactor import SecretRedactor
from agenthost.errors import StateRefused, StateUnavailable
from agenthost.tools.swaig import call_id, conversation_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.stages import Mounted
    from agenthost.conversation.redaction import Redactor
    from agenthost.state import Store, Stores

__all__ = ["find_records", "keep_record", "list_records"]

_SCOPE = "recorded calls"
_DAY = 86400.0
_MOST = 1000
_log = logging.getLogger("agenthost.calls")


async def keep_record(
    stores: Stores, config: Config, redactors: Sequence[Redactor], agent: Mounted, body: Mapping[str, Any]
) -> None:
    """Record an agent's part in a call, if the call is in the sample.

    A store that does not answer loses the record, and never the summary.
    """
    own = config.recording
    call = call_id(body) or conversation_id(body) or ""
    if own.days == 0 or not _sampled(call, own.percent):
        return
    try:
        record = record_of(agent, body, partial(_without_secrets, SecretRedactor(config), redactors))
        await _store(stores).set(f"{_name(call)}/{_name(str(record['session']))}", record, ttl=own.days * _DAY)
    except (StateRefused, StateUnavailable) as error:
        _log.warning("a call of agent %s is not recorded: %s", agent.key, error)
    except Exception:  # noqa: BLE001 - the summary is worth more than its record
        _log.exception("a call of agent %s is not recorded", agent.key)


async def list_records(stores: Stores) -> list[dict[str, Any]]:
    """Return the records, the latest first.

    Raises:
        StateUnavailable: the store does not answer.
    """
    return await _read(_store(stores), "")


async def find_records(stores: Stores, call: str) -> list[dict[str, Any]]:
    """Return the records of one call, one for each agent, the earliest first.

    Raises:
        StateUnavailable: the store does not answer.
    """
    found = await _read(_store(stores), f"{_name(call)}/")
    if not found:
        found = [each for each in await list_records(stores) if str(each.get("id", "")).startswith(call)]
    return sorted(found, key=_began)


async def _read(store: Store, prefix: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    async for key in store.scan(prefix):
        record = await store.get(key)
        if isinstance(record, dict) and record.get("format") == FORMAT:
            found.append(record)
        if len(found) >= _MOST:
            break
    return sorted(found, key=_began, reverse=True)


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
    return stores.own(_SCOPE)
