"""A reload of one agent gives the same plan as planning everything again."""

from __future__ import annotations

import json
import os
import sys
from importlib import invalidate_caches

import pytest
from hypothesis import HealthCheck, event, given, reject, settings, strategies as st

from agenthost._host.config.load import load_config
from agenthost._host.runtime.reload import plan_again
from agenthost._host.runtime.start import installed_plan, make_runtime, settings_of, with_secrets
from agenthost.errors import AgentHostError, PlanError

MODULE = """
from attrs import frozen
from agenthost import AgentBase, FunctionResult

@frozen
class ShopSettings:
    says: str = "Hello."
    tool: str = "greet"
    name: str = "shop"
    sip: str = "counter"
    path: str = "/shop"
    hands: str = "help"
    fails: bool = False

class Shop(AgentBase):
    Settings = ShopSettings

    def __init__(self, settings):
        if settings.fails:
            raise ValueError("it fails")
        super().__init__(settings.name, settings.path, sip=(settings.sip,))
        self.prompt_add_section("Role", settings.says)
        self.define_tool(settings.tool, "Greet.", {}, lambda arguments, raw: FunctionResult("Hello."))
        self.define_tool("move", "Move.", {}, lambda arguments, raw: FunctionResult("Bye.").hand_over("help"))

class Help(AgentBase):
    def __init__(self):
        super().__init__("help", "/help", sip=("desk",))
        self.define_tool("move", "Move.", {}, lambda arguments, raw: FunctionResult("Bye.").hand_over("shop"))

class Broken(AgentBase):
    def __init__(self):
        raise ValueError("it never works")
"""
OFFERS = """
[agenthost.agents]
shop = one_of_many:Shop
help = one_of_many:Help
broken = one_of_many:Broken
"""
VALUES = {
    "says": st.sampled_from(["", "Good morning."]),
    "tool": st.sampled_from(["greet", "sell"]),
    "name": st.sampled_from(["shop", "help", "market"]),
    "sip": st.sampled_from(["counter", "desk", "shop"]),
    "path": st.sampled_from(["/shop", "/market", "/help"]),
    "route": st.sampled_from(["/shop", "/market"]),
    "fails": st.booleans(),
    "tool_timeout": st.sampled_from([3.0, 4.0]),
    "busy": st.sampled_from(["Please wait.", "Later."]),
    "model": st.sampled_from(["offline", "house"]),
    "enabled": st.booleans(),
    "password": st.sampled_from(["short", "long-enough-to-be-a-password"]),
    "reachable_from": st.sampled_from([["help"], ["*"]]),
}
OWN = st.fixed_dictionaries({}, optional=VALUES)
CHANGE = st.fixed_dictionaries({}, optional={key: VALUES[key] for key in ("says", "tool", "tool_timeout", "busy")})
"""A change that nothing follows from but the agent itself."""
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "agents.help": st.sampled_from(['busy = "No."', "running = 2", "enabled = false"]),
        "host": st.sampled_from(["tool_timeout = 9.0", "running = 4", 'public_url = "https://agents.example"']),
        "models.house": st.just('kind = "offline"'),
        "sip": st.sampled_from(['default = "shop"', "automatic = false"]),
        "keys.partner": st.just(
            'secret = "long-enough-to-be-a-secret"\nagents = ["shop", "nobody"]\nscopes = ["call"]'
        ),
        "workflows.both": st.just('kind = "parallel"\nagents = ["shop", "help"]'),
        "workflows.alone": st.just('kind = "parallel"\nagents = ["help"]'),
    },
)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with three agents of one package, one of which is quarantined."""
    place = tmp_path_factory.mktemp("place")
    (place / "one_of_many.py").write_text(MODULE, encoding="utf-8")
    info = place / "one_of_many-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: one-of-many\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(OFFERS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("AGENTHOST_", "SWML_"))]:
            patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(place / "state"))
        patch.syspath_prepend(place)
        patch.chdir(place)
        invalidate_caches()
        yield place
    sys.modules.pop("one_of_many", None)


def configured(place, own, others):
    """Return the configuration with a section of the agent and other tables."""
    section = [f"{key} = {json.dumps(value)}" for key, value in own.items()]
    tables = [f"[{name}]\n{lines}" for name, lines in others.items()]
    file = place / "agenthost.toml"
    file.write_text("\n".join((*tables, "[agents.shop]", *section, "")), encoding="utf-8")
    file.chmod(0o600)
    return with_secrets(load_config(None, os.environ, {}))


def planned(plan):
    """Return a plan as values."""
    aliases, held = plan.aliases, plan.held()
    return {
        "agents": [(each.full_key, each.name, each.config, each.limits, each.template.parts) for each in plan.agents],
        "names": {name: each.key for name, each in plan._known.items()},
        "report": plan.report(),
        "aliases": (aliases.agents, aliases.conflicts, plan.origins),
        "held": (held.keys, held.routes, held.aliases),
        "models": (sorted(plan.models.made.so_far), plan.models.default, plan.models.problems),
    }


def published(runtime):
    """Return as values what requests read."""
    seen = runtime.published
    return {
        "documents": {route: (each.parts, each.siblings) for route, each in seen.templates.items()},
        "asked": {path: (own, agent.key, end) for path, (own, agent, end) in seen.table.asked.items()},
        "routes": {route: agent.key for route, agent in seen.table.agents.items()},
        "tokens": {route: (each.edition, each.lifetime) for route, each in seen.tokens.items()},
        "told": (seen.named, seen.failed, seen.crossing, sorted(seen.doors), runtime.reach.principals),
        "sip": (seen.sip.routing.served, seen.sip.routing.default, seen.sip.routing.aliases.agents),
    }


def outcome(config, before, plan, stale):
    """Return the result of a reload of one agent, or the refusal."""
    try:
        return plan_again(config, before, plan, "shop", stale)
    except PlanError as error:
        return str(error)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(OWN, CHANGE | OWN, OTHERS, st.none() | OTHERS)
def test_one_agent_is_replaced_as_if_all_were_planned(place, own, new, others, other):
    """The plan, the report of the reload, and everything that requests read."""
    new = {**own, **new}
    try:
        before = configured(place, own, others)
        plan = installed_plan(before)
        config = configured(place, new, others if other is None else other)
    except AgentHostError:
        reject()
    alone, whole = outcome(config, before, plan, ()), outcome(config, before, plan, None)
    if isinstance(whole, str):
        assert alone == whole
        return
    event("replaced" if alone.replaced is not None else "planned")
    assert planned(alone.plan) == planned(whole.plan)
    assert alone.report() == whole.report()

    seen = []
    for result in (alone, whole):
        runtime = make_runtime(before)
        runtime.publish(plan)
        runtime.publish(result.plan, settings=settings_of(result.config), replaced=result.replaced)
        seen.append(published(runtime))
    assert seen[0] == seen[1]
