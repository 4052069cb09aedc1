"""Reports of scenarios: JUnit, a page, and runs in other processes."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

from agenthost.testing.platform.trace import Recorder, Trace
from agenthost.testing.scenarios import Problem, Run, Verdict
from agenthost.testing.scenarios.lines import lines_of
from agenthost.testing.scenarios.many import run_all
from agenthost.testing.scenarios.reports.junit import junit
from agenthost.testing.scenarios.reports.page import page
from agenthost.testing.scenarios.schema import SCHEMA

NASTY = "<script>alert(1)</script>\x00\x1b[31m & \ud800 \"'"


def a_trace():
    recorder = Recorder()
    for kind, data in [
        ("heard", {"text": NASTY}),
        ("tool", {"function": NASTY, "arguments": {"x": NASTY}, "response": NASTY}),
        ("spoken", {"text": "x" * 500, "by": "model"}),
        ("action", {"action": "say", "value": NASTY}),
        ("finding", {"code": "c", "message": NASTY}),
    ]:
        recorder.add(kind, "/a", 1, data)
    recorder.add("ended", "/b", 1, {"cause": "caller"})
    return recorder.trace()


FAILED = Verdict(NASTY, NASTY, (Run((Problem("expect", NASTY, (NASTY,), ("other",)),), a_trace()),))
PASSED = Verdict("b.call.toml", "b", (Run((), Trace(())), Run((), a_trace())), 2)


def test_junit_is_xml_with_each_failure():
    root = ET.fromstring(junit([FAILED, PASSED]))  # noqa: S314 - our own
    [suite] = root

    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [len(case) for case in suite] == [1, 0]
    assert "<script>" in suite[0][0].get("message")


def test_the_page_has_pictures_and_no_script():
    text = page([PASSED, FAILED])
    tags = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append((tag, dict(attrs)))

    Tags().feed(text)
    names = [tag for tag, _ in tags]

    assert "script" not in names
    assert names.count("svg") == 3
    assert not [value for _, attrs in tags for name, value in attrs.items() if name in {"src", "href"}]
    assert text.index("failed </span>" if "failed </span>" in text else 'class="fail"') < text.index('class="pass"')
    assert "default-src 'none'" in text
    assert '<span class="lost">' in text
    assert f"<title>{'x' * 500}</title>" in text, "the whole words of a label that is cut"


def test_files_run_in_order_and_mistakes_are_verdicts(tmp_path):
    files = [tmp_path / f"{name}.call.toml" for name in "ab"]
    for file in files:
        file.write_text('agent = "/"\nodd = 1\n', encoding="utf-8")

    verdicts = list(run_all(files))

    assert [verdict.file for verdict in verdicts] == [str(file) for file in files]
    assert "unknown key 'odd'" in verdicts[0].runs[0].problems[0].message


def test_lines_of_keys():
    text = (
        'agent = "/"\n[host]\nconfig = """\nagent = 1\n"""\nfiles = [\n  "a",\n]\n'
        '[[turn]]\nuser = "x"\n[[turn]]\n[turn.expect]\nsaid = []\n'
    )

    assert lines_of(text) == {
        "agent": 1,
        "host": 2,
        "host.config": 3,
        "host.files": 6,
        "turn[0]": 9,
        "turn[0].user": 10,
        "turn[1]": 11,
        "turn[1].expect": 12,
        "turn[1].expect.said": 13,
    }


def test_the_reference_lists_every_key():
    from pages import DOCS  # noqa: PLC0415

    told = (DOCS / "reference" / "scenarios.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## `?\[?\[?([\w.]*)[^\n]*\n(.*?)(?=^## |\Z)", told, re.MULTILINE | re.DOTALL))

    for table, keys in SCHEMA.items():
        name = {"": "Top", "turn.expect": "expect"}.get(table, table)
        listed = set(re.findall(r"^\| `(\w+)`", sections[name], re.MULTILINE))
        assert listed == set(keys), name


def test_a_trace_is_json():
    assert len(json.loads(a_trace().encode().decode("utf-8", "replace"))["events"]) == 6
