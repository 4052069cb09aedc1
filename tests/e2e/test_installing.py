"""``agenthost install``, ``upgrade`` and ``uninstall``, with pip and with uv, from wheels on this disk."""

import os
import pty
import shlex
import shutil
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path

import pytest
import uv
from caller import Caller, functions
from environment import ROOT, Environment, Wheelhouse, checked, link, needed
from pages import DOCS, blocks
from polling import poll_until
from ports import free_port

UV = uv.find_uv_bin()

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "{version}"
dependencies = ["agenthost"]

[project.entry-points."agenthost.agents"]
{agent} = "acme_billing:Agent"

[tool.hatch.build.targets.wheel]
include = ["acme_billing.py"]
"""
MODULE = '''
import os

from agenthost import AgentBase


class Agent(AgentBase):
    def __init__(self):
        super().__init__(name="{agent}", route="/billing")

    @AgentBase.tool
    def {tool}(self) -> str:
        """Do it."""
        return f"{{os.getpid()}} {version}"
'''


def built(tmp_path_factory, name, *releases):
    """Return a directory with wheels.

    Each release is a version, the name of the agent, and its tool.
    """
    house = Wheelhouse(tmp_path_factory.mktemp("acme"))
    for version, agent, tool in releases:
        source = tmp_path_factory.mktemp("source")
        (source / "pyproject.toml").write_text(PROJECT.format(name=name, version=version, agent=agent))
        (source / "acme_billing.py").write_text(MODULE.format(agent=agent, tool=tool, version=version))
        house.wheels(source)
    return house.directory


FIRST, SECOND, RENAMED = ("1.0", "billing", "invoice"), ("2.0", "billing", "refund"), ("3.0", "invoices", "refund")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """A directory with the wheels of acme-billing 1.0 and 2.0."""
    return built(tmp_path_factory, "acme-billing", FIRST, SECOND)


class Place:
    """A configured directory, and an environment whose installer finds the wheels alone."""

    def __init__(self, environment, wheels, more=""):
        self.environment = environment
        self.directory = environment.workplace()
        self.variables = {
            "PATH": f"{environment.bin}:{Path(UV).parent}:{os.defpath}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_OFFLINE": "1",
            "UV_FIND_LINKS": str(wheels),
            "UV_NO_CACHE": "1",
        }
        (self.directory / "agenthost.toml").write_text(f"[host]\nport = {free_port()}\nworkers = 2\n{more}")

    def run(self, *words):
        return self.environment.run("agenthost", *words, cwd=self.directory, variables=self.variables, timeout=120)

    @contextmanager
    def serve(self, *credentials):
        """Serve until both workers answer: one that starts later imports what is installed then."""
        port = int((self.directory / "agenthost.toml").read_text().split()[3])
        with self.environment.serve(cwd=self.directory, port=port, variables=self.variables) as served:
            caller = Caller(served.url, credentials or served.credentials)
            answers = set()

            def both():
                url = functions(caller.document("/billing", "c-1"))["invoice"]["web_hook_url"]
                answers.add(caller.call(url, "invoice", {}, "c-1")["response"])
                return len(answers) == 2

            poll_until(both, 30)
            yield served


@pytest.fixture(scope="module")
def by_uv(tmp_path_factory, wheelhouse):
    """An environment that uv made, without pip."""
    made = Environment(tmp_path_factory.mktemp("uv"), wheelhouse)
    checked(
        UV, "--offline", "venv", "--quiet", "--python", os.path.realpath("/proc/self/exe"), str(made.directory / "venv")
    )
    made._uv("install", "--no-deps", "--no-index", *map(str, wheelhouse.wheels(ROOT)))
    [agenthost] = distributions(name="agenthost", path=[str(made.site_packages)])
    for required in needed(agenthost.requires or ()):
        link(required, made.site_packages)
    for linked in made.site_packages.glob("*.dist-info"):  # which uv does not read through a link
        if linked.is_symlink():
            there = linked.resolve()
            linked.unlink()
            shutil.copytree(there, linked)
    return made


@pytest.fixture(params=["pip", "uv"])
def place(request, wheels):
    """A place in an environment of each installer, without acme-billing."""
    if request.param == "uv":
        environment = request.getfixturevalue("by_uv")
        yield Place(environment, wheels)
        environment.uninstall("acme-billing")
        return
    environment = request.getfixturevalue("env")
    with environment.having_too("pip"):
        yield Place(environment, wheels)
        environment.uninstall("acme-billing")


def called(place, program, *words):
    """Return the line that a command of an installer begins with."""
    where = ("--python", str(place.environment.bin / "python")) if program == "uv" else ()
    return " ".join(["$", *(("uv", "pip") if program == "uv" else ("pip",)), words[0], *where, *words[1:]])


def test_an_upgrade_from_the_first_package_to_a_reload(place, request):
    """Command, difference, and then the lock file and the host after a yes alone."""
    program = request.node.callspec.params["place"]
    first = place.run("install", "acme-billing==1.0")
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[0] == called(place, program, "install", "acme-billing==1.0")
    assert "acme-billing 1.0: new, new agent billing at /billing\n" in first.stdout
    assert first.stdout.endswith("agenthost run serves what is installed.\n")
    assert place.run("lock").returncode == 0
    locked = (place.directory / "agenthost.lock").read_text()

    with place.serve() as served:
        waiting = place.run("upgrade", "acme-billing")
        assert "acme-billing 1.0 → 2.0: new tool refund, tool invoice gone" in waiting.stdout
        assert (waiting.returncode, (place.directory / "agenthost.lock").read_text()) == (1, locked)
        assert "needs a yes. fix: agenthost lock && agenthost reload, or --yes the next time" in waiting.stderr
        assert [*functions(Caller.of(served).document("/billing"))] == ["invoice"]

        done = place.run("install", "acme-billing==2.0", "--yes")
        assert done.returncode == 0, done.stderr
        assert "  package: acme-billing 1.0 → 2.0\n" in done.stdout
        assert [*functions(Caller.of(served).document("/billing"))] == ["refund"]
    assert 'version = "2.0"' in (place.directory / "agenthost.lock").read_text()


def test_what_is_uninstalled(place, request):
    program = request.node.callspec.params["place"]
    place.run("install", "acme-billing==1.0")
    with place.serve() as served:
        done = place.run("uninstall", "acme-billing", "--yes")
        removed = ("uninstall", "acme-billing") if program == "uv" else ("uninstall", "--yes", "acme-billing")

        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[0] == called(place, program, *removed)
        assert "acme-billing 1.0: not installed any more\n" in done.stdout
        assert "no longer served: billing" in done.stdout
        assert Caller.of(served).ask("POST", "/billing", {}).status == 404


def test_an_installer_that_fails(place):
    done = place.run("install", "acme-unknown")

    assert done.returncode == 4
    assert "ended with exit code 1: nothing was locked or reloaded. fix: see its message" in done.stderr


@pytest.mark.parametrize("place", ["pip"], indirect=True)
class TestWithPip:
    def test_a_refused_reload_shows_the_way_back(self, place):
        """Host and lock file are as before, and the printed command leads back."""
        place.run("install", "acme-billing==1.0")
        file = place.directory / "agenthost.toml"
        file.write_text(file.read_text() + "[agents.billing]\nuser = 'u'\npassword = 'a long password'\n")
        place.run("lock")
        locked = (place.directory / "agenthost.lock").read_bytes()
        with place.serve("u", "a long password") as served:
            done = place.run("uninstall", "acme-billing", "--yes")
            assert done.returncode == 4, done.stdout
            assert "reload refused: " in done.stderr
            assert "The host serves as before, and the lock file is as it was.\n" in done.stderr
            assert done.stderr.endswith("fix: pip install acme-billing==1.0\n")
            assert (place.directory / "agenthost.lock").read_bytes() == locked
            assert Caller(served.url, ("u", "a long password")).ask("POST", "/billing", {}).status == 200

            [*_, command] = done.stderr.splitlines()
            back = place.run(*command.removeprefix("fix: pip ").split(), "--yes")
            assert (back.returncode, "Nothing has changed." in back.stdout) == (0, True), back.stderr

    def test_an_upgrade_of_agents_that_are_built_late(self, place):
        """The new generation is known from the new lock file, and nothing seems lost."""
        place.run("install", "acme-billing==1.0")
        place.run("lock")
        file = place.directory / "agenthost.toml"
        file.write_text(f'{file.read_text()}build = "lazy"\n')
        with place.serve() as served:
            done = place.run("upgrade", "acme-billing", "--yes")
            assert done.returncode == 0, done.stderr
            poll_until(lambda: [*functions(Caller.of(served).document("/billing"))] == ["refund"], 30)

    def test_a_no_at_a_terminal(self, place):
        """The question is asked there alone, and a no shows the way back."""
        place.run("install", "acme-billing==1.0")
        place.run("lock")
        answered = at_a_terminal(place, b"n\n", "upgrade", "acme-billing")

        assert "Continue with agenthost lock? [y/N]: " in answered
        assert "the way back:  pip install acme-billing==1.0" in answered
        assert "acme-billing 1.0 → 2.0" in place.run("diff").stdout

    def test_an_option_of_the_installer(self, place):
        done = place.run("install", "--", "--index-url=https://example.com")

        assert done.returncode == 2
        assert "is not a package. fix: set the installer's variable for it, such as PIP_INDEX_URL" in done.stderr


def test_the_upgrades_of_the_guide(env, tmp_path_factory):
    """Every command of the guide, with the output that it shows."""
    page = DOCS / "how-to" / "upgrade-packages.md"
    [settings, _] = blocks(page, "toml")
    [upgrade, refused, back, *_] = [block.text for block in blocks(page, "console")]
    [accepted, lost, same] = [block.text for block in blocks(page, "text")]
    place = Place(env, built(tmp_path_factory, "agenthost-billing", FIRST, SECOND))
    file = place.directory / "agenthost.toml"
    file.write_text(settings.text.replace("[host]", f"[host]\nport = {free_port()}"))
    place.variables["BILLING_PASSWORD"] = "a long password"
    with env.having_too("pip"):
        place.run("install", "agenthost-billing==1.0")
        place.run("lock")
        with place.serve("billing", "a long password"):
            done = run_shown(place, upgrade)
            assert (done.returncode, missing(place, accepted, done.stdout)) == (0, [])

            place.variables["PIP_FIND_LINKS"] += f" {built(tmp_path_factory, 'agenthost-billing', RENAMED)}"
            done = run_shown(place, refused)
            assert (done.returncode, missing(place, lost, done.stdout + done.stderr)) == (4, [])

            done = run_shown(place, back)
            assert (done.returncode, missing(place, same, done.stdout)) == (0, [])
        env.uninstall("agenthost-billing")


def run_shown(place, block):
    """Run the commands of a block, and return the last result."""
    for line in block.splitlines():
        words = shlex.split(line.removeprefix("$ "))
        program = ("python", "-m", "pip") if words[0] == "pip" else (words[0],)
        done = place.environment.run(*program, *words[1:], cwd=place.directory, variables=place.variables, timeout=120)
    return done


def missing(place, shown, output):
    """Return the lines of a page that an output does not begin a line with."""
    lines = output.replace(f"{place.directory}/", "").splitlines()
    return [line for line in shown.splitlines() if not any(each.startswith(line) for each in lines)]


def test_an_environment_without_pip(env, wheels):
    done = Place(env, wheels).run("install", "acme-billing")

    assert done.returncode == 4
    assert f"there is no pip in this environment. fix: {env.bin / 'python'} -m ensurepip" in done.stderr


def at_a_terminal(place, answer, *words):
    """Run a command at a terminal, and return what it shows."""
    child, terminal = pty.fork()
    if not child:
        os.chdir(place.directory)
        program = place.environment.bin / "agenthost"
        os.execve(  # noqa: S606
            program, [program, *words], place.environment._variables(place.directory, place.variables)
        )
    os.write(terminal, answer)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:  # the other side has closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")
