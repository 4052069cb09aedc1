"""The files of ``agenthost export``, read by the tools that use them."""

from __future__ import annotations

import configparser
import shutil
import subprocess

import pytest
from hypothesis import given, strategies as st

from agenthost._host.config.load import load_config
from agenthost._host.operations.exports.deployment import Deployment
from agenthost._host.operations.exports.kubernetes import kubernetes_files
from agenthost._host.operations.exports.per_agent import Keda, PlacedAgent, per_agent_files
from agenthost._host.operations.exports.systemd import _quoted, systemd_files

SECRETS = {"HOST_PASSWORD": "tell-nobody-1", "NEW_KEY": "tell-nobody-2-tell-nobody-2-tell-nobody"}
FULL = """\
[host]
port = 8443
workers = 4
public_url = "https://agents.example.com"
password = { env = "HOST_PASSWORD" }
signing_keys = [{ env = "NEW_KEY" }, { file = "keys/old" }]
drain_grace = 8
drain_timeout = 120
max_connections = 50000

[health]
port = 3001

[state]
url = "redis://store.example.com:6379/0"
"""
LITERAL = '[host]\npassword = "tell-nobody-3"\nport = 80\n'


@pytest.fixture
def deployment(tmp_path):
    """Makes a deployment of what a file says."""

    def make(text: str | None, environ=None, agents=3) -> Deployment:
        environ = SECRETS if environ is None else environ
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys" / "old").write_text("tell-nobody-4-tell-nobody-4-tell-nobody")
        file = tmp_path / "agenthost.toml"
        if text is not None:
            file.write_text(text)
            file.chmod(0o600)
        return Deployment.of(load_config(str(file) if text is not None else None, environ), environ, agents)

    return make


def unit(text: str):
    """Parse a unit as far as the tests need.

    systemd allows a key several times.
    """
    read = configparser.ConfigParser(strict=False, delimiters="=", interpolation=None)
    read.optionxform = str
    read.read_string(text)
    return read["Service"]


def resources(text: str):
    """A manifest, by kind."""
    yaml = pytest.importorskip("yaml")
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


ANNOUNCED = FULL.replace("[host]\n", '[host]\nannounce = "agents"\n')
CASES = {"nothing": None, "full": FULL, "literal": LITERAL, "announced": ANNOUNCED}


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
@pytest.mark.slow
def test_systemd_understands_the_unit(deployment, tmp_path, text):
    """``systemd-analyze verify`` finds nothing in it."""
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("systemd-analyze is not installed (Debian: apt-get install systemd)")
    for name, content in systemd_files(deployment(text)).items():
        (tmp_path / name).write_text(content)

    done = subprocess.run([verify, "verify", tmp_path / "agenthost.service"], capture_output=True, text=True)  # noqa: S603, PLW1510

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_kubernetes_understands_the_manifest(deployment, text):
    """Each resource follows the schema of Kubernetes' API, which knows no key beside its own."""
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    found = resources(kubernetes_files(deployment(text), "example.com/agents:1")["agenthost.yaml"])

    for resource in found.values():
        kubernetes_validate.validate(resource, "1.30", strict=True)
    assert {"Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"} <= set(found)


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_no_secret_is_copied(deployment, text):
    """Secrets are named where they are looked for, and stand nowhere."""
    made = deployment(text, {**SECRETS, "AGENTHOST_PASSWORD": "tell-nobody-5"} if text is None else None)
    files = "".join((systemd_files(made) | kubernetes_files(made, "i")).values())

    assert "tell-nobody" not in files
    assert all(name in files for name in made.secret_variables)


def test_the_unit_follows_the_configuration(deployment):
    """Its stop timeout and its limit of open files fit the configuration."""
    service = unit(systemd_files(deployment(FULL))["agenthost.service"])

    assert int(service["TimeoutStopSec"]) > 8 + 120 + 5
    assert int(service["LimitNOFILE"]) > 50000
    assert (service["Type"], service["WatchdogSec"]) == ("notify", "60")
    assert service["EnvironmentFile"] == "/etc/agenthost/secrets"
    assert service["CapabilityBoundingSet"] == ""


def test_a_low_port_takes_the_capability_for_it(deployment):
    service = unit(systemd_files(deployment(LITERAL))["agenthost.service"])

    assert service["AmbientCapabilities"] == service["CapabilityBoundingSet"] == "CAP_NET_BIND_SERVICE"


def test_the_pod_follows_the_configuration(deployment):
    """Probes, times and secrets of the pod fit the configuration."""
    found = resources(kubernetes_files(deployment(FULL), "i")["agenthost.yaml"])
    pod = found["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    probes = {kind: container[f"{kind}Probe"] for kind in ("startup", "readiness", "liveness")}

    assert {kind: tuple(probe["httpGet"].values()) for kind, probe in probes.items()} == {
        "startup": ("/startup", "health"),
        "readiness": ("/ready", "health"),
        "liveness": ("/live", "health"),
    }
    assert [port["containerPort"] for port in container["ports"]] == [8443, 3001]
    assert pod["terminationGracePeriodSeconds"] > 8 + 120 + 5
    assert probes["startup"]["periodSeconds"] * probes["startup"]["failureThreshold"] >= 3 * 10
    assert probes["readiness"]["periodSeconds"] * probes["readiness"]["failureThreshold"] < 8
    assert {each["name"] for each in container["env"] if "valueFrom" in each} == set(SECRETS)
    assert found["Deployment"]["spec"]["replicas"] == 2
    assert found["ConfigMap"]["data"]["agenthost.toml"] == FULL


def test_replicas_without_secrets_of_their_own_get_shared_ones(deployment):
    """Generated secrets would differ from pod to pod.

    A store that is a file allows one pod.
    """
    found = resources(kubernetes_files(deployment(None, {}), "i")["agenthost.yaml"])
    [container] = found["Deployment"]["spec"]["template"]["spec"]["containers"]

    assert {each["name"] for each in container["env"] if "valueFrom" in each} == {
        "AGENTHOST_PASSWORD",
        "SIGNALWIRE_SWAIG_SECRET",
    }
    assert found["Deployment"]["spec"]["replicas"] == 1
    assert "ConfigMap" not in found


def test_secret_files_have_the_paths_in_the_pod_by_which_the_configuration_names_them(deployment, tmp_path):
    """Those below its directory come with it, and another one is mounted by itself."""
    (tmp_path / "other").write_text("tell-nobody-4-tell-nobody-4-tell-nobody")
    (tmp_path / "other").chmod(0o600)
    keys = f'signing_keys = [{{ file = "keys/old" }}, {{ file = "{tmp_path}/other" }}]'
    text = kubernetes_files(deployment(f"[host]\n{keys}\n"), "i")["agenthost.yaml"]
    pod = resources(text)["Deployment"]["spec"]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    mounts = {each["mountPath"]: each for each in pod["containers"][0]["volumeMounts"]}

    config, files = volumes["config"]["projected"]["sources"]
    assert config == {"configMap": {"name": "agenthost"}}
    [item] = files["secret"]["items"]
    assert (files["secret"]["name"], item["path"]) == ("agenthost-files", "keys/old")
    assert f"--from-file={item['key']}={tmp_path}/keys/old" in text
    assert mounts["/etc/agenthost"]["name"] == "config"
    assert mounts[f"{tmp_path}/other"]["subPath"] == f"{tmp_path}/other".strip("/").replace("/", "-")
    assert not any(path.startswith("/etc/agenthost/") for path in mounts)


def test_a_file_with_secrets_in_it_is_mounted_as_a_secret(deployment):
    text = kubernetes_files(deployment(LITERAL), "i")["agenthost.yaml"]
    pod = resources(text)["Deployment"]["spec"]["template"]["spec"]

    assert "ConfigMap" not in resources(text)
    assert {"name": "config", "secret": {"secretName": "agenthost-config"}} in pod["volumes"]
    assert "the configuration file has secrets in it: host.password" in text


def test_variables_that_are_set_here_are_set_there(deployment):
    """Variables without secrets are copied.

    The host's address and state directory are the supervisor's.
    """
    environ = {"SWML_PROXY_URL_BASE": "https://a.example.com", "AGENTHOST_HOST": "10.0.0.1", "AGENTHOST_WORKERS": "2"}
    made = deployment(None, environ)

    assert made.plain == {"SWML_PROXY_URL_BASE": "https://a.example.com", "AGENTHOST_WORKERS": "2"}
    assert "Environment=SWML_PROXY_URL_BASE=https://a.example.com\n" in systemd_files(made)["agenthost.service"]


def test_health_that_only_its_machine_reaches_is_not_what_a_kubelet_asks(deployment):
    made = deployment('[health]\nport = 3001\nhost = "127.0.0.1"\n')
    [container] = resources(kubernetes_files(made, "i")["agenthost.yaml"])["Deployment"]["spec"]["template"]["spec"][
        "containers"
    ]

    assert container["livenessProbe"]["httpGet"]["port"] == "http"


@given(st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", exclude_categories=["Cs"])))
def test_words_in_a_unit_are_one_word(word):
    """Characters that systemd would interpret are quoted or doubled (systemd.syntax(7))."""
    quoted = _quoted(word)

    assert "%" not in quoted.replace("%%", "")
    assert quoted.startswith('"') or not set(quoted) & set(" \t\"'\\;")


PER_AGENT = (
    FULL
    + """
[agents.sales]
password = { env = "SALES_PASSWORD" }

[agents.billing]
password = { env = "BILLING_PASSWORD" }
"""
)


@pytest.fixture
def per_agent(tmp_path):
    """Makes the resources of three agents, and returns a function that finds them by kind."""
    yaml = pytest.importorskip("yaml")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "old").write_text("tell-nobody-4-tell-nobody-4-tell-nobody")
    file = tmp_path / "agenthost.toml"
    file.write_text(PER_AGENT)
    environ = {**SECRETS, "SALES_PASSWORD": "tell-nobody-6", "BILLING_PASSWORD": "tell-nobody-7"}

    def of(*only):
        chosen = {"agents": only} if only else {}
        return Deployment.of(load_config(str(file), environ, chosen), environ, 2)

    def make(**options):
        agents = [PlacedAgent(key, {key: f"/{key}"}, of(key), (key,)) for key in ("sales", "Billing.EU", "billing")]
        lock = 'format = 1\n\n[distributions."x"]\n'
        text = per_agent_files(of(), "example.com/agents:1", agents, lock, **options)["agenthost.yaml"]
        assert "tell-nobody" not in text
        found = list(yaml.safe_load_all(text))

        def named(kind):
            return {each["metadata"]["name"]: each for each in found if each["kind"] == kind}

        return found, named

    return make


def test_a_deployment_for_each_agent(per_agent):
    """Each resource follows the schema, and a pod gets the secrets of its own agent."""
    validate = pytest.importorskip("kubernetes_validate").validate
    found, named = per_agent()
    for resource in found:
        validate(resource, "1.30", strict=True)

    names = {"agenthost-sales", "agenthost-billing-eu", "agenthost-billing"}
    kinds = ("Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy", "HorizontalPodAutoscaler")
    assert all(set(named(kind)) == names for kind in kinds)
    [config] = named("ConfigMap").values()
    assert config["data"]["agenthost.lock"] == 'format = 1\n\n[distributions."x"]\n'
    pod = named("Deployment")["agenthost-sales"]["spec"]["template"]
    [container] = pod["spec"]["containers"]
    secrets = {each["name"] for each in container["env"] if "valueFrom" in each}
    assert container["command"][-2:] == ["--only", "sales"]
    assert "SALES_PASSWORD" in secrets
    assert "BILLING_PASSWORD" not in secrets
    selector = named("Service")["agenthost-sales"]["spec"]["selector"]
    assert selector.items() <= pod["metadata"]["labels"].items()
    assert selector["app.kubernetes.io/component"] == "sales"
    [rule] = named("Ingress")["agenthost"]["spec"]["rules"]
    assert rule["host"] == "agents.example.com"
    assert [each["path"] for each in rule["http"]["paths"]] == ["/Billing.EU", "/billing", "/sales"]


@pytest.mark.parametrize("prometheus", [None, "http://prometheus.monitoring:9090"])
def test_agents_that_keda_scales(per_agent, prometheus):
    """The models of KEDA's resources know each key."""
    keda = pytest.importorskip("cloudcoil.models.keda.v1alpha1")
    _, named = per_agent(keda=Keda(prometheus))
    scaled = named("ScaledObject")

    assert named("HorizontalPodAutoscaler") == {}
    for each in scaled.values():
        assert keda.ScaledObject.model_validate(each).model_dump(by_alias=True, exclude_none=True) == each
    assert {each["spec"]["scaleTargetRef"]["name"] for each in scaled.values()} == set(named("Deployment"))
    cpu, *calls = scaled["agenthost-billing-eu"]["spec"]["triggers"]
    assert cpu == {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "70"}}
    chosen = '{agent="Billing.EU"}'
    assert [each["metadata"] for each in calls] == [
        {
            "serverAddress": prometheus,
            "query": f"sum(agenthost_running{chosen}) + sum(agenthost_waiting{chosen})",
            "threshold": "10",
        }
        for _ in calls
    ]
    assert len(calls) == (prometheus is not None)


@pytest.mark.parametrize(
    ("gateway", "parent"), [("web", {"name": "web"}), ("edge/web", {"name": "web", "namespace": "edge"})]
)
def test_agents_that_a_gateway_leads_to(per_agent, gateway, parent):
    """An HTTPRoute has keys of the Gateway API alone, and a backend that exists."""
    _, named = per_agent(gateway=gateway)
    routes, services = named("HTTPRoute"), named("Service")

    assert named("Ingress") == {}
    assert {name: (each["apiVersion"], each["spec"]) for name, each in routes.items()} == {
        f"agenthost-{label}": (
            "gateway.networking.k8s.io/v1",
            {
                "parentRefs": [parent],
                "hostnames": ["agents.example.com"],
                "rules": [
                    {
                        "matches": [{"path": {"type": "PathPrefix", "value": f"/{key}"}}],
                        "backendRefs": [{"name": f"agenthost-{label}", "port": 80}],
                    }
                ],
            },
        )
        for label, key in (("sales", "sales"), ("billing-eu", "Billing.EU"), ("billing", "billing"))
    }
    assert {name: [port["port"] for port in each["spec"]["ports"]] for name, each in services.items()} == {
        name: [80] for name in routes
    }


def test_the_secret_of_a_peer_is_not_copied(deployment):
    """A file with one becomes a secret, not a config map."""
    peer = '[peers.east]\nurl = "https://e"\nuser = "west"\nsecret = "tell-nobody-8"\nagents = ["billing"]\n'
    made = deployment(peer)

    assert made.literal == ("peers.east.secret",)
    assert "tell-nobody" not in kubernetes_files(made, "i")["agenthost.yaml"]


def test_a_host_that_announces_itself_has_the_address_of_its_pod(deployment):
    found = resources(kubernetes_files(deployment(ANNOUNCED), "i")["agenthost.yaml"])
    [container] = found["Deployment"]["spec"]["template"]["spec"]["containers"]
    names = [each["name"] for each in container["env"]]
    variables = {each["name"]: each for each in container["env"]}

    assert variables["POD_IP"]["valueFrom"] == {"fieldRef": {"fieldPath": "status.podIP"}}
    assert variables["AGENTHOST_ANNOUNCE_URL"]["value"] == "http://$(POD_IP):8443"
    assert names.index("POD_IP") < names.index("AGENTHOST_ANNOUNCE_URL")
