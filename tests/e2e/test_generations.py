"""Generations: workers run the code that was decided, whatever an installer does.

A reload takes new versions over whole, or changes nothing.
"""

import json
import os
import shutil
import signal
import sys
from contextlib import contextmanager

import pytest
from bakery import Host, killed, write
from caller import functions
from polling import poll_until
from ports import free_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

TWO = ("--workers", "2")
RAISES = 'raise RuntimeError("the oven exploded")'


@pytest.fixture
def bakery(env, tmp_path):
    """Version 1 of the bakery, installed beside another package."""
    env.install("good-1")
    env.install(write(tmp_path / "bakery", "1.0"))
    return tmp_path / "bakery"


@contextmanager
def serving(env, *options, toml="", fails=False):
    place, port = env.workplace(), free_port()
    (place / "agenthost.toml").write_text(toml)
    with env.serve(*options, cwd=place, port=port) as served:
        yield Host(env, served, port)
        assert served.stop() == 0
    assert fails or "Traceback" not in served.stderr


@contextmanager
def installed_editable(env, project):
    """Install a project as ``pip install --editable`` does, during the block."""
    info = env.site_packages / "agenthost_test_bakery-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: agenthost-test-bakery\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agenthost.agents]\nbakery = bakery:Bakery\n")
    (info / "direct_url.json").write_text(json.dumps({"url": project.as_uri(), "dir_info": {"editable": True}}))
    (info / "RECORD").write_text(f"{info.name}/METADATA,,\n{info.name}/entry_points.txt,,\n_bakery.pth,,\n")
    (env.site_packages / "_bakery.pth").write_text(f"{project}\n")
    try:
        yield
    finally:
        shutil.rmtree(info)
        (env.site_packages / "_bakery.pth").unlink()


def upgrade(env, project, version="2.0", **changes):
    env.forget(project)
    env.install(write(project, version, **changes))


@pytest.mark.parametrize("options", [(), TWO], ids=["one worker", "two workers"])
def test_an_upgrade_takes_effect_with_a_reload(env, bakery, options):
    """The command waits until every worker serves it, and names the versions."""
    with serving(env, *options) as host:
        assert host.versions() == {"1.0"}
        more = '@AgentBase.tool\ndef bake(self) -> str:\n    """Bake."""\n    return "baked"'
        upgrade(env, bakery, more=more)
        done = host.reload("--json")
        assert host.versions() == {"2.0"}
        told = host.reloaded()

        assert done.returncode == 0, done.stderr
        changed = json.loads(done.stdout)
        assert changed["packages"] == ["agenthost-test-bakery 1.0 → 2.0"]
        assert (changed["changed"], changed["tools"], changed["generation"]) == (
            ["bakery"],
            ["bakery: new tool bake"],
            2,
        )
        assert "attributes of agents are lost with the old processes" in done.stderr
        assert (told["packages"], told["changed"], told["replaced"]) == ([], [], [])


def test_an_upgrade_that_raises_changes_nothing(env, bakery):
    """The exit code is 4, the log names the agent, and the workers stay."""
    with serving(env, *TWO) as host:
        before = host.workers(2)
        upgrade(env, bakery, top=RAISES)
        done = host.reload()

        assert done.returncode == 4
        assert "bakery: RuntimeError: the oven exploded" in done.stderr
        host.served.once_logged("reload refused, the host is unchanged: bakery: RuntimeError: the oven exploded")
        assert host.versions() == {"1.0"}
        assert host.workers(2) == before

        upgrade(env, bakery, "1.0")
        assert host.reloaded()["packages"] == []


def test_a_killed_worker_comes_back_with_the_code_that_was_decided(env, bakery):
    """Even if the installer has left something else, or nothing."""
    with serving(env, *TWO) as host:
        upgrade(env, bakery, top=RAISES)
        for kept in range(2):
            before = host.workers(2)
            killed(min(before))
            poll_until(lambda before=before: bool(host.workers(2) - before))
            assert host.versions() == {"1.0"}
            if not kept:
                env.uninstall("agenthost-test-bakery")
        assert host.health()["status"] == "ok"
        upgrade(env, bakery, "1.0")


def test_code_that_has_changed_is_not_imported_later(env, bakery):
    """The caller hears the fallback, and health names the package."""
    with serving(env) as host:
        assert host.answer("late") == {"response": "1.0 degrees"}
    with serving(env, fails=True) as host:
        upgrade(env, bakery)
        answer = host.answer("late")

        assert answer["response"] == "The oven is cold."
        host.served.once_logged("has changed since this host loaded agenthost-test-bakery. fix: agenthost reload")
        assert (host.health()["status"], host.health()["changed_packages"]) == ("degraded", ["agenthost-test-bakery"])
        metrics = host.caller.ask("GET", "/metrics").body.decode()
        poll_until(lambda: "agenthost_changed_packages 1.0" in host.caller.ask("GET", "/metrics").body.decode())
        assert "agenthost_changed_packages" in metrics
        assert host.reload().returncode == 0
        assert host.answer("late") == {"response": "2.0 degrees"}
        assert host.health()["status"] == "ok"


def test_an_editable_install_is_compared_by_its_content(env, bakery):
    """A reload of its agent serves the edited code."""
    env.uninstall("agenthost-test-bakery")
    with installed_editable(env, bakery), serving(env) as host:
        assert host.versions() == {"1.0"}
        write(bakery, "1.1")
        told = host.reloaded("bakery")

        assert told["changed"] == ["bakery"]
        assert host.versions() == {"1.1"}


def test_what_would_be_lost_is_refused_unless_it_is_accepted(env, bakery):
    """An agent that its package offers no longer."""
    offers = 'bakery = "bakery:Bakery"\ncafe = "bakery:cafe"'
    cafe = "\n\ndef cafe():\n    return AgentBase(name='cafe', route='/cafe')\n"
    upgrade(env, bakery, "1.5", offers=offers, top=cafe)
    with serving(env) as host:
        upgrade(env, bakery)
        refused = host.reload()
        assert refused.returncode == 4
        assert "cafe: agenthost-test-bakery offers it no longer" in refused.stderr
        assert host.versions() == {"1.5"}
        told = host.reloaded("--accept")
        assert (told["removed"], told["changed"]) == (["cafe"], ["bakery"])
        assert host.versions() == {"2.0"}
        env.uninstall("agenthost-test-good-1")
        assert host.reloaded()["removed"] == ["good-1"]


def test_a_reload_has_a_time_limit(env, bakery):
    """Until the first new worker serves, it changes nothing."""
    with serving(env) as host:
        upgrade(env, bakery, top="import time\ntime.sleep(5)")
        refused = host.reload("--timeout", "2")

        assert refused.returncode == 4
        assert "the time limit is over. fix: agenthost reload --timeout gives it more time" in refused.stderr
        assert host.versions() == {"1.0"}


def test_hangup_takes_an_upgrade_and_logs_it(env, bakery):
    with serving(env) as host:
        upgrade(env, bakery)
        os.kill(host.served.process.pid, signal.SIGHUP)
        host.served.once_logged("reloaded: packages agenthost-test-bakery 1.0 → 2.0; changed bakery")

        assert host.versions() == {"2.0"}
        host.served.once_logged("reload: replacing the worker: attributes of agents are lost")


def test_a_reload_that_accepts_writes_the_lock_file(env, bakery):
    """Without ``--accept``, what is not in it is refused."""
    place, port = env.workplace(), free_port()
    (place / "agenthost.toml").write_text("")
    assert env.run("agenthost", "lock", cwd=place).returncode == 0
    with env.serve(cwd=place, port=port) as served:
        host = Host(env, served, port)
        upgrade(env, bakery)
        refused = host.reload()
        assert (refused.returncode, host.versions()) == (4, {"1.0"})
        assert "agenthost-test-bakery 2.0 is not in agenthost.lock, which has 1.0" in refused.stderr
        assert host.reload("--accept").returncode == 0
        assert host.versions() == {"2.0"}
        assert host.reloaded()["packages"] == []
        assert env.run("agenthost", "diff", cwd=place).returncode == 0


class TestTemplate:
    """The process from which workers are forked."""

    def test_it_is_started_again_if_nothing_has_changed(self, env, bakery):
        with serving(env, *TWO) as host:
            before, template = host.workers(2), host.template()
            killed(template)
            poll_until(lambda: f"template process {template} ended with -9" in host.served.stderr)
            killed(min(before))
            poll_until(lambda: bool(host.workers(2) - before))
            assert host.versions() == {"1.0"}
            assert host.health()["status"] == "ok"

    def test_workers_go_on_without_it_if_something_has_changed(self, env, bakery):
        """One that ends is not replaced before the next reload."""
        with serving(env, *TWO) as host:
            before = host.workers(2)
            upgrade(env, bakery)
            killed(host.template())
            host.served.once_logged("packages have changed since they were loaded: agenthost-test-bakery")
            poll_until(lambda: host.health()["status"] == "degraded")
            killed(min(before))
            assert host.workers(1) == before - {min(before)}
            assert host.versions() == {"1.0"}
            assert host.reload().returncode == 0
            assert host.versions() == {"2.0"}
            assert len(host.workers(2)) == 2
            assert host.health()["status"] == "ok"

    def test_it_has_no_other_thread(self, env, bakery):
        with serving(env) as host:
            assert len(os.listdir(f"/proc/{host.template()}/task")) == 1  # noqa: PTH208 - of a process

    @pytest.mark.parametrize("method", ["fork", "spawn"])
    def test_workers_are_spawned_where_it_cannot_fork(self, env, bakery, method):
        """A package has started a thread, or the configuration selects it."""
        thread = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()"
        upgrade(env, bakery, "1.2", top=thread if method == "fork" else "")
        with serving(env, *TWO, toml=f'[host]\nstart_method = "{method}"\n') as host:
            before = host.workers(2)
            killed(min(before))
            poll_until(lambda: bool(host.workers(2) - before))
            assert host.versions() == {"1.2"}
            upgrade(env, bakery)
            assert host.reload().returncode == 0
            assert host.versions() == {"2.0"}
        started = "a package has started threads while it was imported" in host.served.stderr
        assert started == (method == "fork")

    def test_a_spawned_worker_serves_nothing_that_differs(self, env, bakery):
        """Callers of a changed agent hear its fallback, and the other agents are served."""
        with serving(env, *TWO, toml='[host]\nstart_method = "spawn"\n', fails=True) as host:
            before, url = host.workers(2), functions(host.caller.document("/bakery", "c-1"))["version"]["web_hook_url"]
            upgrade(env, bakery)
            killed(min(before))
            host.served.once_logged("packages are not served by this worker, as they have changed")
            poll_until(lambda: host.health()["status"] == "degraded")
            assert {host.caller.ask("POST", "/good-1", {}).status for _ in range(10)} == {200}
            poll_until(lambda: "say:The oven is cold." in str(host.caller.ask("POST", "/bakery", {}).json))
            answers = [host.caller.call(url, "version", {}, "c-1") for _ in range(24)]
            assert {each["response"].split()[0] for each in answers} <= {"1.0", "The"}
            assert {each["response"] for each in answers if "error_id" in each} == {"The oven is cold."}
            host.served.once_logged("agenthost-test-bakery has changed since this host loaded it")
            assert host.reload().returncode == 0
            assert host.versions() == {"2.0"}
