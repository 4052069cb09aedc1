"""The page of metrics: charts of the host's own counters, of all its workers."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from agenthost._host.status.of_process import history_of
from agenthost._host.telemetry.durations import quantile
from agenthost._host.telemetry.recent_calls import HOURS
from agenthost._pictures.charts import chart
from agenthost._web.console.texts import gettext, later
from agenthost.errors import AgentHostError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from agenthost._web.console.page_request import PageRequest
    from agenthost._web.request.site import Answer, Request

__all__ = ["metrics_page"]

_WITHIN = 5.0
"""Timeout of the host's answer, in seconds."""
_CHARTS = (
    ("calls", later("Tool calls per second"), "/s"),
    ("failures", later("Failed tool calls per minute"), "/min"),
    ("p95", later("Duration within which 95 of 100 tool calls ended"), "ms"),
    ("memory", later("Memory of all workers"), "MB"),
)


async def metrics_page(asked: PageRequest) -> Answer:
    """Return the page of metrics."""
    processes = await asyncio.to_thread(_read, asked.request)
    now = int(time.time() // 60)
    minutes = _together(processes, range(now - HOURS * 60 + 1, now + 1))
    if asked.as_json:
        return asked.json({"minutes": minutes})
    charts = [
        {"name": name, "title": gettext(title), "svg": _drawn([each[name] for each in minutes], gettext(title), unit)}
        for name, title, unit in _CHARTS
    ]
    return await asked.page("metrics", charts=charts, hours=HOURS)


def _read(request: Request) -> Sequence[Sequence[Mapping[str, Any]]]:
    """Return the minutes of each worker, at least those of this one."""
    send = request.site.send_command
    if send is not None:
        try:
            processes: Sequence[Sequence[Mapping[str, Any]]] = send({"command": "history"}, _WITHIN)["processes"]
        except AgentHostError:
            pass
        else:
            return processes
    return [history_of(request.site.runtime)]


def _together(processes: Sequence[Sequence[Mapping[str, Any]]], wanted: Iterable[int]) -> list[dict[str, Any]]:
    """Return each wanted minute once, with None where no worker has counted."""
    found: dict[int, list[Mapping[str, Any]]] = {}
    for minutes in processes:
        for each in minutes:
            found.setdefault(each["minute"], []).append(each)
    return [{"minute": minute, **_sums(found.get(minute, ()))} for minute in wanted]


def _sums(each: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    if not each:
        return dict.fromkeys(("calls", "failures", "p95", "memory"))
    slots: Counter[int] = Counter()
    for one in each:
        slots.update({int(slot): number for slot, number in one["slots"].items()})  # JSON has names
    p95 = quantile(slots, 0.95)
    memory = sum(one["memory"] for one in each)
    return {
        "calls": round(sum(one["calls"] for one in each) / 60, 3),
        "failures": sum(one["failures"] for one in each),
        "p95": None if p95 is None else round(p95 * 1000, 1),
        "memory": round(memory / 1e6, 1) if memory else None,
    }


def _drawn(values: Sequence[float | None], title: str, unit: str) -> str:
    known = [value for value in values if value is not None]
    label = gettext("{title}: nothing yet").format(title=title)
    if known:
        words = gettext("{title}: now {last} {unit}, at most {most} {unit}")
        label = words.format(title=title, last=known[-1], most=max(known), unit=unit)
    return chart(values, label, unit, gettext("{hours} hours ago").format(hours=HOURS), gettext("now"))
