"""Options that place agents, without a cluster."""

from __future__ import annotations

import click
import pytest
from agenthost_ray.files import Scale
from agenthost_ray.placing import Placing
from attrs import evolve


def row(agent, state="ready", **other):
    base = {"agent": agent, "route": f"/{agent}", "package": "acme", "version": "1.0", "tools": [], "sip": []}
    digests = {"digest": f"digest of {agent}", "settings": "s"}
    return {**base, **digests, "state": state, "fallback": "", "members": [], **other}


def front(placing, *rows):
    made, _ = placing.front(lambda _: list(rows))
    return made


def scales(made):
    return {each.key: each.scale for each in made.agents}


def test_a_workflow_takes_its_members_along():
    """Their digests are compared, too, unless a file is written."""
    member = {"agent": "sales", "version": "1.0", "digest": "other"}
    (desk,) = front(Placing(only=("desk",), replicas={"desk": (2, 4)}), row("desk", members=[member]), row("a")).agents

    assert desk.args(None)["agents"] == ["desk", "sales"]
    assert desk.args(None)["options"]["autoscaling_config"]["max_replicas"] == 4
    assert desk.args(None)["digests"] == {"desk": "digest of desk", "sales": "other", "": "s"}
    assert desk.args(None, checked=False)["digests"] == {}


def test_the_ingress_knows_the_agents_apart():
    placing = Placing(environments={"c": {"env_vars": {"X": "1"}}})
    known = front(placing, row("c"), row("a"), row("b", "quarantined")).args("agenthost.toml")["known"]

    assert {each["agent"]: each["apart"] for each in known["agents"]} == {"a": False, "c": True}
    assert (known["failed"], known["settings"]) == (["b"], "s")


@pytest.fixture
def placed():
    """A cluster with an agent that scales, and one with an environment."""
    options = Placing.of(None, ["a=1:3"], "2:4", ['b={"pip": ["x"]}'], 2, only=(), cpus=0.5)
    return front(options, row("a"), row("b")).args(None)["known"]


def test_what_no_option_names_stays(placed):
    again = front(Placing(before=placed), row("a"), row("b"), row("new"))

    a, b = Scale(1, 3, cpus=0.5, up=2, down=4), Scale(cpus=0.5, up=2, down=4)
    assert scales(again) == {"a": a, "b": b, "new": Scale()}
    assert [each.runtime_env for each in again.agents] == [{}, {"pip": ["x"]}, {}]
    assert again.replicas == 2
    assert front(Placing(before=placed), row("b"), row("a")).args(None)["known"] == placed


@pytest.mark.parametrize(
    ("options", "a", "b"),
    [
        ({"cpus": 1.0}, Scale(1, 3, cpus=1.0, up=2, down=4), Scale(cpus=1.0, up=2, down=4)),
        ({"scale_after": (5, 6)}, Scale(1, 3, cpus=0.5, up=5, down=6), Scale(cpus=0.5, up=5, down=6)),
        ({"replicas": {"": (2, 2)}}, Scale(2, 2, cpus=0.5, up=2, down=4), Scale(2, 2, cpus=0.5, up=2, down=4)),
        ({"replicas": {"b": (4, 4)}}, Scale(1, 3, cpus=0.5, up=2, down=4), Scale(4, 4, cpus=0.5, up=2, down=4)),
    ],
)
def test_an_option_changes_what_it_names(placed, options, a, b):
    assert scales(front(Placing(before=placed, **options), row("a"), row("b"))) == {"a": a, "b": b}


def test_only_leaves_others_as_they_are(placed):
    """Also one that has another version by now, and one that is gone."""
    made = front(Placing(before=placed, only=("a",), cpus=1.0), row("a"), row("new"))

    assert scales(made) == {"a": Scale(1, 3, cpus=1.0, up=2, down=4), "b": Scale(cpus=0.5, up=2, down=4)}
    with pytest.raises(click.UsageError, match=r"has changed, which concerns all agents\. fix: omit --only"):
        front(Placing(before=placed, only=("a",)), row("a", settings="other"))
    unchecked = {**placed, "settings": ""}
    assert front(Placing(before=unchecked, only=("a",)), row("a", settings="other")).settings == "other"


def test_an_agent_that_is_gone_is_no_mistake_of_the_options(placed):
    """It is a loss, which the canary names."""
    assert scales(front(Placing(before=placed), row("a"))) == {"a": Scale(1, 3, cpus=0.5, up=2, down=4)}
    with pytest.raises(click.UsageError, match=r"'b' is not an installed agent: a\."):
        front(evolve(Placing(before=placed), only=("b",)), row("a"))
