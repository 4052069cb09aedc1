"""Selection: keys and sections of agents, decided from metadata, configuration and owners."""

from __future__ import annotations

import pytest
from attrs import evolve

from agenthost._discovery import AGENTS, PLUGINS, Candidate
from agenthost._host.config.schema import AgentConfig, Config, HostConfig
from agenthost._host.generations.owners import Owners
from agenthost._host.packages.selection import select, unmatched_patterns
from agenthost.secret import Secret


def offer(distribution, name, group=AGENTS):
    return Candidate(group, name, "module:Agent", distribution, "1.0", "")


def selected(agents, *offers, owners=None):
    """Key, distribution and name of each wanted agent, with the selection itself."""
    selection = select(Config(agents=agents), offers, owners)
    return [(w.key, w.candidate.distribution, w.candidate.name) for w in selection.wanted], selection


def test_everything_that_is_offered():
    """The key is the entry point's name.

    An agent without a section has an empty one.
    """
    selection = select(Config(), [offer("acme", "sales"), offer("beta", "support")])

    assert [("sales", AgentConfig()), ("support", AgentConfig())] == [(w.key, w.config) for w in selection.wanted]
    assert selection.unfitting == selection.refusals == {}


def test_plugins_are_not_agents():
    assert selected({}, offer("acme", "sales", PLUGINS))[0] == []


def test_sections_belong_to_keys():
    section = AgentConfig(route="/verkauf", enabled=False)
    selection = select(Config(agents={"sales": section}), [offer("acme", "sales"), offer("acme", "support")])

    assert [section, AgentConfig()] == [w.config for w in selection.wanted]
    assert selection.unfitting == selection.refusals == {}


@pytest.mark.parametrize("key", ["sales", "acme:sales"])
def test_a_section_may_name_the_full_key(key):
    """The full key stays valid when other packages are installed."""
    section = AgentConfig(route="/verkauf")

    assert [section] == [w.config for w in select(Config(agents={key: section}), [offer("acme", "sales")]).wanted]


def test_two_sections_of_one_agent():
    """It is unclear which of them restricts, so the agent is quarantined."""
    sections = {"sales": AgentConfig(enabled=False), "acme:sales": AgentConfig()}
    wanted, selection = selected(sections, offer("acme", "sales"))

    assert wanted == []
    [contested] = selection.contested
    assert contested.diagnosis.reason == 'agents.sales and agents."acme:sales" are two sections of one agent'


def test_two_distributions_with_one_name():
    """Both serve under full keys, which say which is which."""
    offers = [offer("acme", "sales"), offer("beta", "sales"), offer("beta", "support")]

    assert selected({}, *offers)[0] == [
        ("acme:sales", "acme", "sales"),
        ("beta:sales", "beta", "sales"),
        ("support", "beta", "support"),
    ]


def test_the_section_of_one_of_two():
    section = AgentConfig(route="/other")
    selection = select(Config(agents={"beta:sales": section}), [offer("acme", "sales"), offer("beta", "sales")])

    assert [AgentConfig(), section] == [w.config for w in selection.wanted]


@pytest.mark.parametrize(
    "section",
    [
        AgentConfig(),
        AgentConfig(enabled=False),
        AgentConfig(isolation="process"),
        AgentConfig(user="ann", password=Secret("long enough 1")),
    ],
)
def test_a_section_that_fits_two_restricts_both(section):
    """Neither agent is served until the configuration decides.

    All others are.
    """
    wanted, selection = selected({"sales": section}, offer("acme", "sales"), offer("beta", "sales"), offer("c", "help"))

    assert wanted == [("help", "c", "help")]
    assert [(each.key, each.diagnosis.remedy) for each in selection.contested] == [
        ("acme:sales", '[agents.sales] use = "acme:sales" in agenthost.toml'),
        ("beta:sales", '[agents.sales] use = "beta:sales" in agenthost.toml'),
    ]


@pytest.mark.parametrize("newcomer", ["aaa", "beta"])
def test_a_newcomer_takes_nothing(newcomer):
    """The owner keeps short key and section, whatever the alphabet says."""
    section = AgentConfig(enabled=False)
    owners = Owners({"sales": "acme"}, place="the record")
    offers = sorted([offer("acme", "sales"), offer(newcomer, "sales")], key=lambda each: each.distribution)
    selection = select(Config(agents={"sales": section}), offers, owners)

    assert {w.key: w.config for w in selection.wanted} == {"sales": section, f"{newcomer}:sales": AgentConfig()}
    assert selection.contested == ()


def test_the_key_of_an_absent_owner_stays_its_own():
    """A package that is taken away and comes back finds its section as it was."""
    section = AgentConfig(enabled=False)
    wanted, selection = selected(
        {"sales": section}, offer("beta", "sales"), owners=Owners({"sales": "acme"}, place="p")
    )

    assert wanted == [("beta:sales", "beta", "sales")]
    assert selection.refusals == {
        "sales": "agenthost.toml: agents.sales: 'sales' belongs to acme by p, and acme is not installed, "
        "and the section restricts it. "
        'fix: agenthost owners forget sales, or [agents.sales] use = "beta:sales"; '
        "or agents.sales.optional = true where it need not be installed"
    }


def test_configuration_decides_before_the_record():
    """``use`` under the agent's own name says whose it is."""
    owners = Owners({"sales": "acme"})
    sections = {"sales": AgentConfig(use="beta:sales", route="/b")}
    selection = select(Config(agents=sections), [offer("acme", "sales"), offer("beta", "sales")], owners)

    assert [(w.key, w.config.route, w.again) for w in selection.wanted] == [
        ("acme:sales", None, False),
        ("sales", "/b", False),
    ]


def test_a_second_mount():
    """``use`` mounts an agent once more, under the section's name."""
    agents = {"sales-eu": AgentConfig(use="acme:sales", route="/eu")}
    wanted, selection = selected(agents, offer("acme", "sales"))

    assert wanted == [("sales", "acme", "sales"), ("sales-eu", "acme", "sales")]
    assert [w.again for w in selection.wanted] == [False, True]
    assert [w.full_key for w in selection.wanted] == ["acme:sales", "sales-eu"]


def test_a_second_mount_keeps_its_name_against_packages():
    """The configuration gave the name to it.

    The package's agent has its full key.
    """
    agents = {"sales": AgentConfig(use="acme:support")}
    wanted, _ = selected(agents, offer("acme", "sales"), offer("acme", "support"))

    assert wanted == [("acme:sales", "acme", "sales"), ("support", "acme", "support"), ("sales", "acme", "support")]


@pytest.mark.parametrize(
    ("key", "section", "missing"),
    [
        ("nobody", AgentConfig(), "'nobody'"),
        ("sales-eu", AgentConfig(use="acme:nobody"), "'acme:nobody'"),
        ("sales-eu", AgentConfig(use="nobody:sales"), "'nobody:sales'"),
        ("beta:sales", AgentConfig(), "'beta:sales'"),
    ],
)
def test_a_section_that_fits_nothing(key, section, missing):
    """It is probably misspelt.

    If it restricts an agent, the host does not start.
    """
    wanted, selection = selected({key: section}, offer("acme", "sales"))
    at = key if ":" not in key else f'"{key}"'
    sentence = f"agenthost.toml: agents.{at}: no installed package offers {missing}"

    assert wanted == [("sales", "acme", "sales")]
    assert selection.unfitting == {key: f"{sentence}. fix: agenthost agents lists what there is"}
    restricting = {key: evolve(section, enabled=False)}
    assert selected(restricting, offer("acme", "sales"))[1].refusals == {
        key: f"{sentence}, and the section restricts it. fix: agenthost agents lists what there is; "
        f"or agents.{at}.optional = true where it need not be installed"
    }


def test_an_optional_section_may_fit_nothing():
    selection = select(Config(agents={"sales": AgentConfig(enabled=False, optional=True)}), [])

    assert selection.unfitting == selection.refusals == {}


@pytest.mark.parametrize("name", ["hid:hid", "a b", "sälte", "x\x1b[31m", "a/b"])
def test_names_that_could_be_another_key(name):
    """An entry point called ``distribution:name`` would take that agent's key, section and secrets."""
    wanted, selection = selected({}, offer("evil", name), offer("hid", "hid"))

    assert wanted == [("hid", "hid", "hid")]
    [contested] = selection.contested
    assert contested.diagnosis.remedy == "evil must rename it in the group agenthost.agents"


def narrowed(*patterns, agents=None, workflows=None):
    return Config(host=HostConfig(agents=patterns), agents=agents or {}, workflows=workflows or {})


@pytest.mark.parametrize(
    ("pattern", "here"),
    [
        ("sales", ["sales"]),
        ("acme:*", ["sales", "shop"]),
        ("s*", ["sales", "shop", "support"]),
        ("[!abs]*", []),
        ("Sales", []),
    ],
)
def test_host_agents(pattern, here):
    """Keys and full keys are compared, with their case."""
    offers = [offer("acme", "sales"), offer("acme", "shop"), offer("beta", "support")]
    wanted = select(narrowed(pattern), offers).wanted

    assert [w.key for w in wanted if w.served] == here
    assert {w.left_out for w in wanted if not w.served} <= {"elsewhere"}


def test_host_agents_by_route():
    """A route counts that the configuration, a lock file or an earlier start has decided."""
    sections = {"shop": AgentConfig(route="/shop")}
    owners = Owners(keys={"sales": "acme"}, routes={"/s": "acme:sales"})
    offers = [offer("acme", "sales"), offer("acme", "shop"), offer("acme", "support")]
    wanted = select(narrowed("/s*", agents=sections), offers, owners).wanted

    assert [w.key for w in wanted if w.served] == ["sales", "shop"]


def test_sections_of_agents_elsewhere():
    """One file may serve several hosts: a section that restricts need not fit here."""
    sections = {"shop": AgentConfig(enabled=False), "gone": AgentConfig(enabled=False)}
    selection = select(narrowed("sales", agents=sections), [offer("acme", "sales")])

    assert selection.unfitting == selection.refusals == {}


def test_an_undecided_agent_elsewhere():
    """A conflict is reported where an agent is to be served."""
    offers = [offer("acme", "sales"), offer("beta", "sales"), offer("acme", "shop")]
    sections = {"sales": AgentConfig(enabled=False)}

    assert not select(narrowed("shop", agents=sections), offers).contested
    assert len(select(narrowed("s*", agents=sections), offers).contested) == 2


def test_patterns_that_match_nothing():
    [sentence] = unmatched_patterns(narrowed("sale", "shop"), ["sales", "shop"])

    assert "no agent matches 'sale'. Did you mean sales? fix: agenthost agents lists all" in sentence
    assert unmatched_patterns(narrowed("*"), []) == []


@pytest.mark.parametrize(
    ("section", "pattern", "may"),
    [
        ("sales", "sales", True),
        ("acme:sales", "sales", True),
        ("sales", "acme:sales", True),
        ("sales", "acme:*", True),
        ("shop", "acme:sales", False),
        ("acme:shop", "s?les", False),
    ],
)
def test_sections_that_may_be_of_agents_here(section, pattern, may):
    """A password is never left out because the pattern has the other key."""
    assert HostConfig(agents=(pattern,)).may_serve(section) is may
