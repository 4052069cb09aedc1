"""The enclosure of an isolated agent's process."""

import pytest

from agenthost._host.walls import enclosure
from agenthost._host.walls.enclosure import Enclosure


@pytest.fixture
def done(monkeypatch):
    """Record what a process would give up, and give up nothing."""
    calls = []
    for name in ("set_debuggable", "mark_process", "restrict_files", "drop_capabilities"):
        monkeypatch.setattr(enclosure, name, lambda *arguments, name=name: calls.append((name, *arguments)))
    monkeypatch.setattr(enclosure, "_limit", lambda *arguments: calls.append(("limit", *arguments)))
    monkeypatch.setattr(enclosure, "readable", lambda private: ([f"all but {private[0]}"], ["listed"]))
    return calls


def test_everything_is_given_up_in_order(done, monkeypatch, tmp_path):
    """Files come before capabilities, which may be needed to open them."""
    monkeypatch.setattr(enclosure, "version", lambda: 6)
    Enclosure((f"{tmp_path}", f"{tmp_path}:ro"), ("state",), 100, 9).enclose("own")

    assert done == [
        ("set_debuggable", True),
        ("limit", "RLIMIT_NOFILE", 100),
        ("limit", "RLIMIT_NPROC", 9),
        ("mark_process",),
        (
            "restrict_files",
            ["all but state", str(tmp_path)],
            ["own", "/dev/null", "/dev/zero", "/dev/full", str(tmp_path)],
            ["listed"],
        ),
        ("drop_capabilities",),
    ]


@pytest.mark.parametrize("debuggable", [False, True])
def test_without_landlock_a_process_is_closed_to_others(done, monkeypatch, debuggable):
    monkeypatch.setattr(enclosure, "version", lambda: 0)
    Enclosure(private=("state",), debuggable=debuggable).enclose("own")

    assert ("set_debuggable", debuggable) in done
    assert not [call for call in done if call[0] == "restrict_files"]


def test_a_path_that_does_not_exist_is_an_error(done, tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        Enclosure((f"{tmp_path}/gone:ro",), ("state",)).enclose("")

    assert caught.value.filename == f"{tmp_path}/gone"
    assert ("mark_process",) not in done
