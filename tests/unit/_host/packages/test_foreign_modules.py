"""Foreign modules: an entry point must name a module of its distribution or its requirements."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.packages.diagnosis import Diagnosed
from agenthost._host.packages.foreign_modules import ModuleCheck

WRONG = f"sha256={'A' * 43}"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory with the module ``shared_agent``, which is imported."""
    (tmp_path / "shared_agent.py").write_text("x = 1\n")
    module = ModuleType("shared_agent")
    module.__file__ = str(tmp_path / "shared_agent.py")
    monkeypatch.setitem(sys.modules, "shared_agent", module)
    return tmp_path


def installed(site, name, record, requires=""):
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n{requires}")
    (info / "RECORD").write_text(record)
    (info / "entry_points.txt").write_text("[agenthost.agents]\nagent = shared_agent:Agent\n")
    return Candidate(AGENTS, "agent", "shared_agent:Agent", name, "1.0", str(info))


LISTED = "shared_agent.py,,\n"


@pytest.mark.parametrize(
    ("own", "other", "refused"),
    [
        (LISTED, LISTED, False),
        ("", LISTED, False),
        (f"shared_agent.py,{WRONG},1\n", LISTED, True),
        (f"shared_agent.py,{WRONG},1\n", "", True),
        (f"shared_agent.py,{WRONG},1\n", "another.py,,\n", False),
        ("another.py,,\n", LISTED, True),
        ("another.py,,\n", "another.py,,\n", False),
    ],
)
def test_whose_module_it_is(site, own, other, refused):
    candidate = installed(site, "acme", own)
    installed(site, "beta", other)
    if not refused:
        assert ModuleCheck().refuse_foreign(candidate) is None
        return
    with pytest.raises(Diagnosed) as raised:
        ModuleCheck().refuse_foreign(candidate)
    assert raised.value.diagnosis.reason == "its module shared_agent.py is that of beta, which has one of the same name"


def test_a_module_of_what_is_required(site):
    """A distribution may offer another one's agent, if it says that it needs that."""
    candidate = installed(site, "acme", "another.py,,\n", requires="Requires-Dist: Beta>=1\n")
    installed(site, "beta", LISTED)

    assert ModuleCheck().refuse_foreign(candidate) is None
