"""Comparison of a new plan with the one that is served."""

import attrs
import pytest

from agenthost._host.config.load import load_config
from agenthost._host.generations.manifest import HostedDistribution, Manifest
from agenthost._host.generations.served_plan import PlannedAgent, ServedPlan, losses, table

SALES = PlannedAgent("acme:sales", "sales", "ready", "acme", "1.0", "/sales", ("price",), ("sales",))
BROKEN = attrs.evolve(SALES, state="quarantined", reason="ImportError: no. fix: yes")


def plan(*agents, **failed_plugins):
    return ServedPlan({}, agents, failed_plugins)


def lost(before, after, old="", new="", installed=("acme",), tmp_path=None):
    def config(text):
        (tmp_path / "agenthost.toml").write_text(text)
        return load_config(str(tmp_path / "agenthost.toml"), {})

    return losses(before, after, config(old), config(new), installed)


@pytest.mark.parametrize(
    ("after", "begins"),
    [
        (plan(), "sales: acme offers it no longer. fix: agenthost reload --accept goes on without it"),
        (plan(BROKEN), "sales: ImportError: no. fix: yes"),
        (
            plan(attrs.evolve(SALES, full_key="other:sales", package="other")),
            "sales: acme offers it no longer",
        ),
        (plan(SALES, attrs.evolve(BROKEN, full_key="acme:new", key="new")), "new: ImportError: no"),
        (plan(SALES, **{"acme:hooks": "it raises"}), "plugin acme:hooks: it raises"),
    ],
    ids=["lost", "quarantined", "taken over", "newly quarantined", "a plugin"],
)
def test_what_would_be_lost_is_named(after, begins, tmp_path):
    found = lost(plan(SALES), after, tmp_path=tmp_path)

    assert found
    assert found[0].startswith(begins)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (plan(SALES), {}),
        (plan(attrs.evolve(SALES, state="disabled")), {}),
        (plan(), {"installed": ()}),
        (plan(), {"old": "[agents.sales]\n", "new": ""}),
    ],
    ids=["the same", "disabled", "uninstalled", "its section removed"],
)
def test_what_an_operator_has_decided_is_not_lost(after, words, tmp_path):
    assert lost(plan(SALES), after, **words, tmp_path=tmp_path) == ()


def test_a_program_loses_what_it_no_longer_registers(tmp_path):
    """No distribution offers its agents."""
    sales = attrs.evolve(SALES, full_key="program:sales", package="program")

    [sentence] = lost(plan(sales), plan(), installed=(), tmp_path=tmp_path)

    assert sentence.startswith("sales: the program registers it no longer. fix: agenthost reload --accept goes on")
    assert sentence.endswith("or register it again")


def test_an_author_loses_only_what_fails(tmp_path):
    """An edit may take an agent away."""
    both = plan(SALES, attrs.evolve(SALES, full_key="acme:new", key="new"))
    (tmp_path / "agenthost.toml").write_text("")
    config = load_config(str(tmp_path / "agenthost.toml"), {})

    assert losses(both, plan(SALES), config, config, ("acme",), edited=True) == ()
    assert losses(both, plan(BROKEN), config, config, ("acme",), edited=True) == ("sales: ImportError: no. fix: yes",)


def test_what_was_quarantined_before_may_stay_so(tmp_path):
    assert lost(plan(BROKEN, **{"acme:hooks": "old"}), plan(BROKEN, **{"acme:hooks": "new"}), tmp_path=tmp_path) == ()


def test_a_key_moves_only_if_its_section_changes(tmp_path):
    other = attrs.evolve(SALES, full_key="other:sales", package="other")
    moved = attrs.evolve(SALES, key="acme:sales")
    before, after = plan(SALES), plan(other, moved)
    [sentence] = lost(before, after, tmp_path=tmp_path)
    use = '[agents.sales]\nuse = "other:sales"\n'

    assert sentence.startswith("sales: it would move from acme to other")
    assert lost(before, after, new=use, tmp_path=tmp_path) == ()


def test_the_table_names_versions_routes_tools_and_aliases():
    changed = attrs.evolve(SALES, version="2.0", route="/shop", tools=("price", "refund"), sip=())
    added = PlannedAgent("acme:new", "new", "ready", "acme", "2.0", "/new")
    old, new = (Manifest({"acme": HostedDistribution(version, version, ())}) for version in ("1.0", "2.0"))

    assert table(plan(SALES), plan(changed, added, attrs.evolve(BROKEN, full_key="acme:x", key="x")), old, new) == {
        "packages": ["acme 1.0 → 2.0"],
        "added": ["new"],
        "changed": ["sales"],
        "removed": [],
        "failed": ["x: ImportError: no. fix: yes"],
        "routes": ["sales: /sales → /shop"],
        "tools": ["sales: new tool refund"],
        "aliases": ["sales: SIP alias sales gone"],
    }


def test_packages_are_described_by_what_happened_to_them():
    one, other = HostedDistribution("1.0", "a", ()), HostedDistribution("1.0", "b", ())
    refused = attrs.evolve(one, approved=False)

    def packages(old, new):
        return table(plan(), plan(), Manifest(old), Manifest(new))["packages"]

    assert packages({}, {"acme": one}) == ["acme 1.0 installed"]
    assert packages({"acme": one}, {}) == ["acme uninstalled"]
    assert packages({"acme": one}, {"acme": other}) == ["acme 1.0 with other contents"]
    assert packages({"acme": refused}, {"acme": one}) == ["acme 1.0 by another agenthost.lock"]
