"""Records of calls: redaction, sampling, and the store."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from attrs import evolve, frozen
from hypothesis import given, strategies as st

from agenthost import StateUnavailable
from agenthost._host.config.load import load_config
from agenthost._host.recording.kept_records import find_records, keep_record, list_records
from agenthost._host.recording.record import clean, record_of
from agenthost.builtin.card_numbers import redactors
from agenthost.state import Stores
from agenthost.state.memory import MemoryEntries

CARD = 4111111111111111
SECRET = "correct horse battery staple"


@frozen
class Agent:
    """As much of an agent as a record needs."""

    key: str = "clinic"
    route: str = "/clinic"
    distribution: str = "agenthost-clinic"
    version: str = "1.2.0"


def configured(days=7, percent=100):
    config = load_config(None, {"AGENTHOST_PASSWORD": SECRET})
    return evolve(config, recording=evolve(config.recording, days=days, percent=percent))


def body(call="call-1", session="s", **more):
    return {"call_id": call, "ai_session_id": session, "ai_start_date": 1, "ai_end_date": 2, **more}


def stores():
    return Stores(MemoryEntries(lambda: 0.0))


def kept(*bodies, days=7, percent=100):
    """Keep some summaries, and return the records."""
    there = stores()

    async def run():
        for each in bodies:
            await keep_record(there, configured(days, percent), redactors(), Agent(), each)
        return await list_records(there)

    return asyncio.run(run())


def luhn(digits):
    return sum(
        int(each) if place % 2 == 0 else sum(divmod(2 * int(each), 10)) for place, each in enumerate(digits[::-1])
    )


def card_in(text):
    return any(not luhn(run) % 10 for run in re.findall(r"\d{13,19}", re.sub(r"(?<=\d)[ -](?=\d)", "", text)))


leaves = st.sampled_from(
    [
        CARD,
        float(CARD),
        str(CARD),
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        SECRET,
        f"http://u:{SECRET}@h/x?__token=abc",
        "x",
        1,
        None,
        True,
    ]
)
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.just(str(CARD)), inner, max_size=3)
    ),
)


@given(
    values,
    values,
    st.lists(
        st.dictionaries(st.sampled_from(["role", "content", "command_name", "command_arg", "post_response"]), values),
        max_size=3,
    ),
)
def test_no_card_number_and_no_secret_is_written(data, summary, log):
    """No part of a summary can bring one in."""
    [record] = kept(
        body(global_data=data, post_prompt_data=summary, call_log=log, swaig_log=log, caller_id_number=str(CARD))
    )
    written = json.dumps(record)

    assert not card_in(written)
    assert SECRET not in written
    assert "__token=abc" not in written


TIMES = [
    "ai_start_date",
    "timestamp",
    "start_timestamp",
    "end_time",
    "time",
    "at",
    "booked_at",
    "bookedAt",
    "startTime",
    "start_us",
    "ts",
    "end",
    "times",
]


def with_check_digit(number):
    """Return a number of the same length that has a valid check digit."""
    rest = number - number % 10
    return next(rest + digit for digit in range(10) if not luhn(str(rest + digit)) % 10)


times = st.one_of(
    st.integers(15 * 10 ** (length - 2), 22 * 10 ** (length - 2) - 1).map(with_check_digit) for length in (13, 16, 19)
)


@given(times, st.sampled_from(TIMES))
def test_times_of_all_units_stay_in_every_part(time, name):
    """A check digit does not make a time a card number."""
    timed = {name: time, "inner": [{name: [time, float(time)]}]}
    line = {"role": "user", "content": "x", "timestamp": time, "start_timestamp": time, "audio_latency": 7}
    call = {"command_name": "book", "command_arg": json.dumps(timed), "post_response": {"action": [timed]}}
    [record] = kept(
        body(
            ai_start_date=time,
            ai_end_date=time,
            call_log=[line],
            swaig_log=[call],
            call_timeline=[timed],
            times=[timed],
            global_data=timed,
            post_prompt_data={"parsed": [timed]},
        )
    )
    [function] = record["functions"]

    assert (record["began"], record["ended"], record["log"]) == (time, time, [line])
    assert (record["timeline"], record["times"], record["global_data"]) == ([timed], [timed], timed)
    assert record["summary"] == {"parsed": [timed]}
    assert (json.loads(function["arguments"]), function["answer"]) == (timed, {"action": [timed]})


@given(
    st.sampled_from([*TIMES, "card", "number", "update"]),
    st.sampled_from([30, 34, 36, 37, 4, 4, 51, 55, 56, 60, 62, 65]),
    st.integers(13, 19),
    st.data(),
)
def test_no_field_hides_a_card_number_of_an_issuer(name, issuer, length, data):
    """Arguments lose card numbers, also JSON numbers with the name of a time."""
    rest = length - len(str(issuer))
    number = with_check_digit(issuer * 10**rest + data.draw(st.integers(0, 10**rest - 1)))
    given = {name: number, "words": f"it is {number}", "list": [number, float(number)], "text": str(number)}
    call = {"command_name": "pay", "command_arg": json.dumps(given), "post_response": {"action": given}}
    [record] = kept(body(swaig_log=[call, call | {"command_arg": given}], call_timeline=[given], global_data=given))

    assert str(number) not in json.dumps(record)
    assert json.loads(record["functions"][0]["arguments"])["text"] == f"[card ending in {str(number)[-4:]}]"


@given(times, st.sampled_from(["card", "number", "account"]))
def test_numbers_without_the_name_of_a_time_are_judged_by_their_check_digit(number, name):
    given = {name: number, "timestamp": f"card {number}"}
    call = {"command_name": "pay", "command_arg": json.dumps(given)}
    [record] = kept(body(swaig_log=[call], global_data=given))

    assert str(number) not in json.dumps(record)


@pytest.mark.parametrize(
    "written", ["4111 1111", '{"a": 4111111111111111, "a": 1}', '{"a": 4111111111111111', "[" * 5000, None, '"\\ud800"']
)
def test_odd_arguments_are_redacted_texts(written):
    [record] = kept(body(swaig_log=[{"command_name": "f", "command_arg": written}]))
    arguments = record["functions"][0]["arguments"]

    assert "4111111111111111" not in arguments
    assert arguments.encode()


def test_a_record_has_the_calls_of_its_functions():
    entry = {
        "command_name": "book",
        "command_arg": '{"day": "mon"}',
        "post_response": {"response": "ok", "odd": 1},
        "post_data": {"token": "t"},
    }
    record = record_of(Agent(), body(swaig_log=[entry, 5], total_tokens=7, caller_id_number="+15550100"), str)

    assert record["functions"] == [{"function": "book", "arguments": '{"day": "mon"}', "answer": {"response": "ok"}}]
    assert (record["usage"], record["caller"]) == ({"total_tokens": 7}, "…0100")


def test_calls_are_listed_and_found():
    there = stores()

    async def run():
        for number, call in enumerate(["aa-1", "aa-2", "aa-2"]):
            await keep_record(there, configured(), (), Agent(), body(call, f"s{number}", ai_start_date=number))
        return (
            await list_records(there),
            await find_records(there, "aa-2"),
            await find_records(there, "aa-1"),
            await find_records(there, "b"),
        )

    every, second, first, none = asyncio.run(run())

    assert [record["began"] for record in every] == [2, 1, 0]
    assert [record["began"] for record in second] == [1, 2]
    assert (len(first), none) == (1, [])


def test_nothing_is_kept_unless_configured():
    assert kept(body(), days=0) == []


def test_a_sample_has_whole_calls():
    bodies = [body(f"call-{number}", session) for number in range(100) for session in "ab"]
    records = kept(*bodies, percent=30)

    assert 20 <= len(records) / 2 <= 40
    assert len({record["id"] for record in records}) * 2 == len(records)


def test_a_store_that_does_not_answer_loses_the_record_only(caplog):
    class Away(MemoryEntries):
        async def put(self, *_):
            raise StateUnavailable("gone")

    asyncio.run(keep_record(Stores(Away(lambda: 0.0)), configured(), (), Agent(), body()))

    assert "a call of agent clinic is not recorded: gone" in caplog.text


@pytest.mark.parametrize("value", [{"a": [1, {"b": "c"}]}, [None, True, 1.5], "text"])
def test_harmless_values_stay(value):
    assert clean(value, str) == value
