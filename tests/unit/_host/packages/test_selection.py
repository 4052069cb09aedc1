"""Which agents are asked for, decided from metadata and configuration alone."""

from __future__ import annotations

import pytest

from agenthost._discovery import AGENTS, PLUGINS, Candidate
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.packages.selection import select


def offer(distribution, name, group=AGENTS):
    return Candidate(group, name, "module:Agent", distribution, "1.0", "")


def selected(agents, *offers):
    """Key, distribution and name of what is wanted; and the warnings."""
    wanted, unfitting = select(Config(agents=agents), offers)
    warnings = tuple(unfitting.values())
    return [(w.key, w.candidate.distribution, w.candidate.name) for w in wanted], warnings


def test_everything_that_is_offered():
    """The key is the entry point's name; an agent without a section has an empty one."""
    wanted, unfitting = select(Config(), [offer("acme", "sales"), offer("beta", "support")])
    warnings = tuple(unfitting.values())

    assert [("sales", AgentConfig()), ("support", AgentConfig())] == [(w.key, w.config) for w in wanted]
    assert warnings == ()


def test_plugins_are_no_agents():
    assert selected({}, offer("acme", "sales", PLUGINS)) == ([], ())


def test_sections_belong_to_keys():
    section = AgentConfig(route="/verkauf", enabled=False)
    wanted, unfitting = select(Config(agents={"sales": section}), [offer("acme", "sales"), offer("acme", "support")])
    warnings = tuple(unfitting.values())

    assert [section, AgentConfig()] == [w.config for w in wanted]
    assert warnings == ()


def test_two_distributions_with_one_name():
    """Both serve; their keys say which is which."""
    offers = [offer("acme", "sales"), offer("beta", "sales"), offer("beta", "support")]

    assert selected({}, *offers) == (
        [("acme:sales", "acme", "sales"), ("beta:sales", "beta", "sales"), ("support", "beta", "support")],
        (),
    )


def test_the_section_of_one_of_two():
    section = AgentConfig(route="/other")
    wanted, _ = select(Config(agents={"beta:sales": section}), [offer("acme", "sales"), offer("beta", "sales")])

    assert [AgentConfig(), section] == [w.config for w in wanted]


def test_an_ambiguous_section():
    """The warning says both names that could be meant."""
    wanted, warnings = selected({"sales": AgentConfig()}, offer("acme", "sales"), offer("beta", "sales"))

    assert len(wanted) == 2
    assert warnings == (
        (
            "agents.sales: several packages offer an agent of this name. "
            'Write [agents."acme:sales"] or [agents."beta:sales"].'
        ),
    )


def test_a_second_mount():
    """``use`` mounts an agent once more, under the section's name."""
    agents = {"sales-eu": AgentConfig(use="acme:sales", route="/eu")}

    assert selected(agents, offer("acme", "sales")) == ([("sales", "acme", "sales"), ("sales-eu", "acme", "sales")], ())


@pytest.mark.parametrize(
    ("key", "section", "missing"),
    [
        ("nobody", AgentConfig(), "'nobody'"),
        ("sales-eu", AgentConfig(use="acme:nobody"), "'acme:nobody'"),
        ("sales-eu", AgentConfig(use="nobody:sales"), "'nobody:sales'"),
        ("acme:sales", AgentConfig(), "'acme:sales'"),
    ],
)
def test_a_section_for_nobody(key, section, missing):
    """It is probably misspelt; the command that lists the names is said."""
    wanted, (warning,) = selected({key: section}, offer("acme", "sales"))

    assert wanted == [("sales", "acme", "sales")]
    assert warning == f"agents.{key}: no installed package offers {missing}. agenthost agents lists them."


def test_use_under_a_name_that_a_package_offers():
    """The package's agent serves, and it is said that ``use`` is not looked at."""
    agents = {"sales": AgentConfig(use="acme:support")}
    wanted, (warning,) = selected(agents, offer("acme", "sales"), offer("acme", "support"))

    assert wanted == [("sales", "acme", "sales"), ("support", "acme", "support")]
    assert warning == "agents.sales: use is not looked at: a package offers 'sales'. Choose another name."
