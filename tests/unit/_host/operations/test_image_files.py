"""The files of ``agenthost export image``, read by the tools that use them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.metadata import version

import pytest
from containerfile import instructions
from packaging.version import Version

from agenthost._host.config.load import load_config
from agenthost._host.generations.locked import Lock, LockedDistribution
from agenthost._host.operations.exports.deployment import Deployment
from agenthost._host.operations.exports.image import image_files

SECRETS = {"HOST_PASSWORD": "tell-nobody-1", "STORE_URL": "redis://user:tell-nobody-2@store.example.com:6379/0"}
FULL = """\
[host]
port = 8443
password = { env = "HOST_PASSWORD" }
signing_keys = [{ file = "keys/old" }]
drain_timeout = 120
[health]
port = 3001
[state]
url = { env = "STORE_URL" }
"""
NAMED = '[state]\nurl = "redis://store.internal:6380/2"\n'
LITERAL = '[host]\npassword = "tell-nobody-3"\n'
CASES = {"nothing": None, "full": FULL, "named": NAMED, "literal": LITERAL}
LOCK = Lock(
    "agenthost.lock",
    {"agenthost-billing": LockedDistribution(version="2.1.0", hashes=("sha256:1",))},
    {"agenthost": "9.8.7", "attrs": "26.1.0"},
)


@pytest.fixture
def files(tmp_path):
    """Makes the files for a configuration."""

    def make(text, environ=None):
        (tmp_path / "keys").mkdir(exist_ok=True)
        (tmp_path / "keys" / "old").write_text("tell-nobody-4-tell-nobody-4-tell-nobody")
        file = tmp_path / "prod.toml"
        environ = {**SECRETS, **(environ or {})}
        if text is not None:
            file.write_text(text)
            file.chmod(0o600)
        config = load_config(str(file) if text is not None else None, environ)
        return image_files(Deployment.of(config, environ, 3), LOCK, "agents:1.0", "python:3.12-slim")

    return make


def compose(text):
    return pytest.importorskip("yaml").safe_load(text)["services"]


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
@pytest.mark.slow
def test_hadolint_accepts_the_containerfile(files, text):
    hadolint = shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run(  # noqa: S603 - as found
        [hadolint, "--no-color", "-"], input=files(text)["Containerfile"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
@pytest.mark.slow
def test_the_schema_of_compose_accepts_the_file(files, tmp_path, text):
    if Version(version("click")) < Version("8.2"):
        pytest.skip("check-jsonschema needs a newer click than agenthost")
    pytest.importorskip("check_jsonschema")
    file = tmp_path / "compose.yaml"
    file.write_text(files(text)["compose.yaml"])
    done = subprocess.run(  # noqa: S603 - a module of the tests' environment
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_no_file_contains_a_secret(files, text):
    assert "tell-nobody" not in "".join(files(text).values())


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_the_container_is_not_root_and_checks_before_it_serves(files, text):
    steps = instructions(files(text)["Containerfile"])
    last = [step for step in steps if step.stage == ""]

    assert [step.rest for step in last if step.word == "USER"] == ["10001:10001"]
    assert not [step for step in last if step.word == "RUN"]
    assert any(step.stage == "build" and "agenthost check --strict" in step.rest for step in steps)
    assert last[-1].listed == ["agenthost", "run"]


def test_requirements_are_those_of_the_lock_file(files):
    lines = files(None)["requirements.txt"].splitlines()[1:]

    assert lines == ["agenthost==9.8.7", "agenthost-billing==2.1.0", "attrs==26.1.0"]


def test_ports_times_and_secrets_follow_the_configuration(files):
    made = files(FULL)
    host = compose(made["compose.yaml"])["agenthost"]
    steps = instructions(made["Containerfile"])
    [variables] = [step.variables for step in steps if step.word == "ENV"]
    [health] = [step for step in steps if step.word == "HEALTHCHECK"]

    assert (host["ports"], host["stop_grace_period"], variables["PORT"]) == (["8443:8443"], "140s", "8443")
    assert "3001" in health.listed[2]
    assert host["environment"] == {
        "HOST_PASSWORD": "${HOST_PASSWORD:?is not set}",
        "STORE_URL": "redis://redis:6379/0",
    }
    assert [each for each in host["volumes"] if each.endswith(":/srv/agenthost/keys/old:ro")]


def test_variables_of_the_host_are_in_the_image(files):
    made = files(None, {"AGENTHOST_LOG_LEVEL": "debug", "AGENTHOST_USER": 'a$b"c'})
    [variables] = [step.variables for step in instructions(made["Containerfile"]) if step.word == "ENV"]

    assert (variables["AGENTHOST_LOG_LEVEL"], variables["AGENTHOST_USER"]) == ("debug", 'a$b"c')


@pytest.mark.parametrize(
    ("text", "name", "port"), [(FULL, "redis", "6379"), (NAMED, "store.internal", "6380")], ids=["variable", "name"]
)
def test_redis_answers_at_the_name_in_the_configuration(files, text, name, port):
    services = compose(files(text)["compose.yaml"])

    assert services["redis"]["networks"]["default"]["aliases"] == [name]
    assert services["redis"]["command"][1:3] == ["--port", port]
    assert services["agenthost"]["depends_on"] == {"redis": {"condition": "service_healthy"}}


@pytest.mark.parametrize("text", [None, LITERAL, '[state]\nurl = "redis://user:word@store.example.com/0"\n'])
def test_a_store_that_is_a_file_or_has_a_password_gets_no_server(files, text):
    made = files(text)["compose.yaml"]

    assert set(compose(made)) == {"agenthost"}


def test_a_configuration_with_secrets_in_it_is_mounted_not_copied(files):
    made = files(LITERAL)
    copied = [step.rest for step in instructions(made["Containerfile"]) if step.word == "COPY"]

    assert not [rest for rest in copied if "prod.toml" in rest]
    assert "!prod.toml" not in made[".dockerignore"]
    [mount] = [each for each in compose(made["compose.yaml"])["agenthost"]["volumes"] if "prod.toml" in each]
    assert mount.endswith("prod.toml:/srv/agenthost/agenthost.toml:ro")
