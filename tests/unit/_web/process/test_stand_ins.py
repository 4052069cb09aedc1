"""Stand-ins: agents of a package that this worker must not load."""

from agenthost._host.config.load import load_config
from agenthost._host.generations.served_plan import PlannedAgent
from agenthost._web.process.preload import stand_ins
from agenthost.agent.base import declared

SALES = PlannedAgent(
    "acme:sales", "sales", "ready", "acme", route="/sales", tools=("price",), name="sales", fallback="Later."
)
OTHER = PlannedAgent("other:help", "help", "ready", "other", route="/help", name="help")


def test_only_agents_of_changed_packages_have_one(tmp_path):
    (tmp_path / "agenthost.toml").write_text('[agents.sales]\nroute = "/shop"\n')
    config = load_config(str(tmp_path / "agenthost.toml"), {})
    found = stand_ins([SALES, OTHER], {"acme"}, config)

    assert found.keys() == {"acme:sales"}
    built = found["acme:sales"]
    own = declared(built.agent)
    assert (built.key, built.config.route, built.selected.distribution) == ("sales", "/shop", "acme")
    assert (own.name, own.route, own.fallback, [*own.draft.tools]) == ("sales", "/sales", "Later.", ["price"])
