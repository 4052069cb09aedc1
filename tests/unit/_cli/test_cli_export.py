"""``agenthost export kubernetes --per-agent`` with installed packages, in this process."""

from __future__ import annotations

import sys

import pytest

from agenthost._cli import main
from agenthost._discovery import AGENTS

TOML = """\
[host]
password = { env = "HOST_PASSWORD" }
public_url = "https://agents.example.com"
[state]
url = "redis://store.example.com:6379/0"
[agents.export-sales]
route = "/sales"
[agents.export-billing]
route = "/invoices"
[workflows.desk]
kind = "router"
agents = ["export-sales", "export-billing"]
"""


@pytest.fixture
def export(tmp_path, monkeypatch, capsys):
    """Run the command, and return its exit code, resources and messages."""
    yaml = pytest.importorskip("yaml")
    folder = tmp_path / "acme-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: acme\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[{AGENTS}]\nexport-sales = acme:Sales\nexport-billing = acme:Billing\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST_PASSWORD", "tell-nobody-1")

    def run(*words, toml=TOML):
        (tmp_path / "agenthost.toml").write_text(toml)
        monkeypatch.setattr(sys, "argv", ["agenthost", "export", "kubernetes", *words])
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code
        out, err = capsys.readouterr()
        found = [(each["kind"], each["metadata"]["name"], each) for each in yaml.safe_load_all(out) if each]
        return code, found, err

    return run


def test_each_agent_and_workflow_has_a_deployment(export):
    """A workflow is deployed with its agents, and an ingress leads to the routes."""
    code, found, _ = export("--per-agent")
    commands = {
        name: each["spec"]["template"]["spec"]["containers"][0]["command"]
        for kind, name, each in found
        if kind == "Deployment"
    }
    [ingress] = [each for kind, _, each in found if kind == "Ingress"]

    assert code == 0
    assert {name: command[command.index("--only") :] for name, command in commands.items()} == {
        "agenthost-export-sales": ["--only", "export-sales"],
        "agenthost-export-billing": ["--only", "export-billing"],
        "agenthost-desk": ["--only", "desk", "--only", "export-sales", "--only", "export-billing"],
    }
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    assert {each["path"]: each["backend"]["service"]["name"] for each in paths} == {
        "/sales": "agenthost-export-sales",
        "/invoices": "agenthost-export-billing",
        "/desk": "agenthost-desk",
    }


def test_a_group_has_one_deployment_for_its_agents(export):
    """Its routes lead there, and it scales by the calls of all its agents."""
    more = ("--keda", "--prometheus", "http://prometheus:9090", "--gateway", "web")
    code, found, _ = export("--per-agent", "--group", "accounts=export-*", *more)
    named = {(kind, name): each for kind, name, each in found}
    command = named["Deployment", "agenthost-accounts"]["spec"]["template"]["spec"]["containers"][0]["command"]
    [rule] = named["HTTPRoute", "agenthost-accounts"]["spec"]["rules"]
    calls = named["ScaledObject", "agenthost-accounts"]["spec"]["triggers"][1]["metadata"]["query"]

    assert code == 0
    assert {name for kind, name in named if kind == "Deployment"} == {"agenthost-accounts", "agenthost-desk"}
    assert sorted(command[command.index("--only") :: 2]) == ["--only", "--only"]
    assert {*command[command.index("--only") + 1 :: 2]} == {"export-sales", "export-billing"}
    assert {each["path"]["value"] for each in rule["matches"]} == {"/sales", "/invoices"}
    assert calls.startswith('sum(agenthost_running{agent=~"export-')
    assert "|export-" in calls


def test_keda_and_a_gateway_take_the_place_of_autoscalers_and_the_ingress(export):
    code, found, _ = export("--per-agent", "--keda", "--prometheus", "http://prometheus:9090", "--gateway", "edge/web")
    kinds = [kind for kind, _, _ in found]

    assert code == 0
    assert {kind: kinds.count(kind) for kind in ("Deployment", "ScaledObject", "HTTPRoute")} == dict.fromkeys(
        ("Deployment", "ScaledObject", "HTTPRoute"), 3
    )
    assert not {"HorizontalPodAutoscaler", "Ingress"} & {*kinds}


@pytest.mark.parametrize(
    ("words", "toml", "message"),
    [
        (["--keda"], TOML, "fix: add --per-agent."),
        (["--gateway", "web"], TOML, "fix: add --per-agent."),
        (["--per-agent", "--prometheus", "http://p"], TOML, "fix: add --keda."),
        (["--per-agent", "--keda"], "", "fix: set [state] url"),
        (["--group", "a=b"], TOML, "fix: add --per-agent."),
        (["--per-agent", "--group", "a=nobody"], TOML, "it matches no agent."),
        (["--per-agent", "--group", "a=desk", "--group", "b=desk"], TOML, "desk is in a too."),
    ],
)
def test_options_that_need_another_one(export, words, toml, message):
    code, found, err = export(*words, toml=toml)

    assert (code, found) == (2, [])
    assert message in " ".join(err.split())


def test_an_agent_whose_route_is_not_known(export):
    code, _, err = export("--per-agent", toml=TOML.replace('route = "/sales"\n', ""))

    assert code == 3
    assert "the route of agent 'export-sales' is not known here. fix: agenthost lock stores it" in err
