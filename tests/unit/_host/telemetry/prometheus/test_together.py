"""The sums over the files of several processes, as the client library has them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from agenthost._host.telemetry.prometheus.shared import SHARED, forget_process
from agenthost._host.telemetry.prometheus.together import Together

BOUNDS = ("0.001", "2.5", "+Inf")
WORDS = st.sampled_from(["sales", 'a "quoted" name', "two\nlines", "back\\slash", "größe"])
NUMBERS = st.one_of(st.integers(0, 10**9).map(float), st.floats(0, 1e12))
CHANGES = st.tuples(
    st.sampled_from(["counter", "histogram", "gauge_livesum", "gauge_livemax", "gauge_livemin"]),
    st.integers(1, 3),
    WORDS,
    NUMBERS,
)


def entries(kind, agent, number):
    """The entries of one sample, or of all that a histogram has for an agent."""
    name = f"agenthost_{kind}"
    if kind != "histogram":
        sample = f"{name}_total" if kind == "counter" else name
        return [(mmap_key(name, sample, ["agent"], [agent], "About it."), number)]
    buckets = [(f"{name}_bucket", ["agent", "le"], [agent, bound], number // 3) for bound in BOUNDS]
    samples = [*buckets, (f"{name}_sum", ["agent"], [agent], number)]
    return [(mmap_key(name, sample, names, values, "About it."), value) for sample, names, values, value in samples]


def change(directory, kind, process, agent, number):
    """Add a number as a process does, or set it where it is a gauge."""
    file = MmapedDict(str(directory / f"{kind}_{process}.db"))
    for key, value in entries(kind, agent, number):
        before, _ = file.read_value(key)
        file.write_value(key, value if kind.startswith("gauge") else before + value, 0.0)
    file.close()


def families(text):
    """The samples of each family, as a reader has them."""
    return {
        family.name: (family.type, {(each.name, *sorted(each.labels.items())): each.value for each in family.samples})
        for family in text_string_to_metric_families(text.decode())
    }


def expected(directory):
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(directory))
    return families(generate_latest(registry))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(CHANGES, st.integers(1, 3)), max_size=12))
def test_it_says_what_the_client_library_says(changes):
    """Counts and ends of processes between scrapes, in any order."""
    with tempfile.TemporaryDirectory() as name:
        directory, together = Path(name), Together(Path(name))
        for each in changes:
            if isinstance(each, int):
                end(directory, each)
            else:
                change(directory, *each)
            assert families(together.now()) == expected(directory)


def end(directory, process):
    """End a process: its counts are kept in a file for all that have ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SHARED, str(directory))
        forget_process(process)


def test_what_a_killed_process_has_not_finished_is_left_out(tmp_path):
    change(tmp_path, "counter", 1, "sales", 2.0)
    torn = tmp_path / "counter_1.db"
    content = bytearray(torn.read_bytes())
    content[0:4] = (len(content)).to_bytes(4, "little")
    torn.write_bytes(content)

    assert families(Together(tmp_path).now())["agenthost_counter"][1] == {
        ("agenthost_counter_total", ("agent", "sales")): 2.0
    }


def test_a_text_is_written_again_only_if_its_numbers_changed(tmp_path):
    for agent in ("sales", "support"):
        change(tmp_path, "counter", 1, agent, 1.0)
        change(tmp_path, "gauge_livesum", 1, agent, 1.0)
    together = Together(tmp_path)
    before = together.now()

    assert together.now() == before
    change(tmp_path, "counter", 2, "sales", 4.0)
    assert families(together.now()) == expected(tmp_path) != families(before)


@pytest.mark.parametrize("last", ["outcome", "sample"])
@pytest.mark.parametrize("tool", ["greet", "größe", 'say "no"', ", {", "x,le="])
def test_labels_on_both_sides_of_a_bound_are_those_of_the_client_library(tmp_path, tool, last):
    name, labels = "agenthost_tool_seconds", ["agent", last, "file"]
    file = MmapedDict(str(tmp_path / "histogram_1.db"))
    for agent in ("support", "sales"):
        values = [agent, "ok", tool]
        file.write_value(mmap_key(name, f"{name}_sum", labels, values, "About it."), 1.5, 0.0)
        for bound in BOUNDS:
            key = mmap_key(name, f"{name}_bucket", [*labels, "le"], [*values, bound], "About it.")
            file.write_value(key, 2.0, 0.0)
    file.close()

    assert families(Together(tmp_path).now()) == expected(tmp_path)


def test_a_name_that_was_not_finished_is_left_out(tmp_path):
    change(tmp_path, "counter", 1, "sales", 2.0)
    change(tmp_path, "counter", 1, "support", 2.0)
    file = tmp_path / "counter_1.db"
    content = file.read_bytes()
    last = content.rindex(b"About it.")
    file.write_bytes(content[: last + 5] + bytes(6) + content[last + 11 :])

    assert list(families(Together(tmp_path).now())["agenthost_counter"][1].values()) == [2.0]


def written(directory, process, agents, samples):
    """Write the samples of a histogram for agents, in the given order."""
    file = MmapedDict(str(directory / f"histogram_{process}.db"))
    name = "agenthost_seconds"
    for agent in agents:
        for number, sample in enumerate(samples):
            sort, names, values = ("sum", [], []) if sample == "sum" else ("bucket", ["le"], [sample])
            key = mmap_key(name, f"{name}_{sort}", ["agent", *names], [agent, *values], "About it.")
            file.write_value(key, 1.0 + number, 0.0)
    file.close()


USUAL = ("sum", *BOUNDS)


@pytest.mark.parametrize(
    "files",
    [
        [(("a", "b", "c"), USUAL), (("b", "c", "d"), USUAL)],
        [(("a", "b"), USUAL), (("c", "b"), (*BOUNDS, "sum"))],
        [(("a", "b", "%s 100%"), USUAL), (("größe", "b"), USUAL)],
        [(("a", "b"), USUAL), (("c",), ("sum", "0.001")), (("c", "d"), USUAL)],
        [(("a", "b"), USUAL), (("c", "b"), ("sum", "0.001", "0.5", "2.5", "+Inf"))],
        [(("a", "a longer name", "b", "c"), USUAL)],
    ],
    ids=["known", "another order", "escaped", "unfinished", "other bounds", "lengths"],
)
def test_children_of_the_usual_form_and_others_are_added_up(tmp_path, files):
    """Later children of a file are compared with what the first one lets expect."""
    together = Together(tmp_path)
    for process, (agents, samples) in enumerate(files):
        written(tmp_path, process, agents, samples)
        together.now()

    assert families(together.now()) == expected(tmp_path)
    assert families(Together(tmp_path).now()) == expected(tmp_path)
