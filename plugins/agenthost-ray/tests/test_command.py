"""``agenthost ray config``, and mistakes on the command line: without a cluster."""

from __future__ import annotations

import pytest
from agenthost_ray.command import command as ray
from click.testing import CliRunner

STEADY = 'steady={"env_vars": {"REGION": "east"}}'


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # by Ray itself
@pytest.mark.parametrize("options", [(), ("--kuberay",)])
def test_config(command, options):
    """Ray's own schema accepts it, before it is printed."""
    yaml, schema = pytest.importorskip("yaml"), pytest.importorskip("ray.serve.schema")
    done = command("config", "--only", "steady", "--replicas", "steady=1:3", "--runtime-env", STEADY, *options)
    assert done.returncode == 0, done.stderr
    made = yaml.safe_load(done.stdout)
    if options:
        assert (made["apiVersion"], made["kind"]) == ("ray.io/v1", "RayService")
        made = yaml.safe_load(made["spec"]["serveConfigV2"])
    agent, front = schema.ServeDeploySchema.model_validate(made).applications

    assert (agent.name, agent.route_prefix, agent.import_path) == ("agent-steady", None, "agenthost_ray:app")
    assert agent.runtime_env == {"env_vars": {"REGION": "east"}}
    assert agent.args["options"]["autoscaling_config"]["max_replicas"] == 3
    assert (front.name, front.route_prefix, front.import_path) == ("agenthost", "/", "agenthost_ray:front")
    assert [(row["route"], row["fallback"]) for row in front.args["known"]["agents"]] == [
        ("/steady", "The desk calls you back.")
    ]
    assert front.args["known"]["settings"] == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--replicas", "3:1"), "write a number, or MIN:MAX"),
        (("--replicas", "0"), "write a number, or MIN:MAX"),
        (("--scale-after", "3"), "--scale-after 3: write UP:DOWN"),
        (("--scale-after", "0:3"), "--scale-after 0:3: write UP:DOWN"),
        (("--cpus", "0"), "--cpus"),
        (("--runtime-env", "steady=x"), "--runtime-env steady: "),
        (("--runtime-env", "steady=[]"), "--runtime-env steady: it must be a JSON object"),
        (("--runtime-env", "{}"), "--runtime-env: write AGENT=JSON"),
    ],
)
def test_mistakes(options, words):
    done = CliRunner().invoke(ray, ["config", *options])

    assert done.exit_code == 2
    assert words in done.output
