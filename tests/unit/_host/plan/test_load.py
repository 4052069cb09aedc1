"""Loading: real modules and their metadata, each guarded by itself."""

from __future__ import annotations

import importlib
import sys
from textwrap import dedent

import pytest
from attrs import evolve

from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._error_words import MOST
from agenthost._host.config.schema import AgentConfig, Config, HostConfig, PluginsConfig, WorkflowConfig
from agenthost._host.packages.diagnosis import diagnose
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import make_plan
from agenthost._host.runtime.find_agent import find_agent, why_not
from agenthost._host.runtime.start import accepted
from agenthost.agent.base import declared
from agenthost.errors import PlanError

AGENT = """
    from agenthost import AgentBase

    class Agent(AgentBase):
        def __init__(self):
            super().__init__("{name}", "/{name}")
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a module as a distribution and discovers it."""
    monkeypatch.syspath_prepend(tmp_path)
    before = {*sys.modules}

    def installed(name, source, *, agents=(), plugins=(), metadata=(), version="1.2"):
        (tmp_path / f"{name}.py").write_text(dedent(source), "utf-8")
        info = tmp_path / f"{name}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
        (info / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
        groups = {AGENTS: agents, PLUGINS: plugins}
        entries = [line for group, values in groups.items() for line in (f"[{group}]", *values)]
        (info / "entry_points.txt").write_text("\n".join(entries) + "\n", "utf-8")
        importlib.invalidate_caches()
        return discover((AGENTS, PLUGINS), [str(tmp_path)])

    yield installed
    for module in {*sys.modules} - before:
        if getattr(sys.modules[module], "__file__", None) and str(tmp_path) in str(sys.modules[module].__file__):
            del sys.modules[module]


PATIENT = HostConfig(build_timeout=30)
IMPATIENT = HostConfig(build_timeout=0.5)
"""For what does not end."""


def configured(**options):
    """A configuration that waits for an agent longer than any needs."""
    return Config(**{"host": PATIENT, "source": "agenthost.toml", **options})


def the_rejected(loaded):
    """The one agent that could not be made: reason and remedy."""
    assert loaded.built == ()
    (rejected,) = loaded.rejected
    return rejected.diagnosis.reason, rejected.diagnosis.remedy


class TestWhatAnEntryPointMayBe:
    @pytest.mark.parametrize(
        ("value", "source"),
        [
            ("m_class:Agent", AGENT.format(name="a")),
            ("m_factory:make", AGENT.format(name="a") + "\n    def make():\n        return Agent()\n"),
            ("m_instance:made", AGENT.format(name="a") + "\n    made = Agent()\n"),
            ("m_nested:Box.Agent", AGENT.format(name="a") + "\n    class Box:\n        Agent = Agent\n"),
            ("m_spaces : Agent [extra]", AGENT.format(name="a")),
            (
                "m_callable:made",
                AGENT.format(name="a") + "\n    class F:\n        __call__ = lambda s: Agent()\n    made = F()\n",
            ),
        ],
        ids=lambda value: value.partition(":")[0] if len(value) < 40 else "",
    )
    def test_built(self, install, value, source):
        """A subclass, a factory or an instance."""
        loaded = load(configured(), install(value.partition(":")[0].strip(), source, agents=[f"desk = {value}"]))
        (built,) = loaded.built

        assert (loaded.rejected, loaded.left_out, loaded.plugins, loaded.warnings) == ((), (), (), ())
        assert (built.key, built.selected.version, built.agent.get_name()) == ("desk", "1.2", "a")
        assert not declared(built.agent).sealed

    @pytest.mark.parametrize(
        ("name", "source", "reason"),
        [
            (
                "n_text",
                "thing = 'text'",
                "n_text:thing returns str object, not an agent (a subclass of agenthost.AgentBase)",
            ),
            (
                "n_none",
                "def thing(): ...",
                "n_none:thing returns nothing, not an agent (a subclass of agenthost.AgentBase)",
            ),
            ("n_class", "class thing: ...", "n_class:thing returns thing object, not an agent"),
            ("n_async", "async def thing(): ...", "n_async:thing returns coroutine object, not an agent"),
            ("n_missing", "", "AttributeError: module 'n_missing' has no attribute 'thing'"),
            ("n_raises", "def thing(): raise ValueError('no')", "ValueError: no (n_raises.py:1)"),
            ("n_exits", "import sys\nsys.exit('bye')", "it called sys.exit('bye') while loading"),
            ("n_interrupts", "raise KeyboardInterrupt", "KeyboardInterrupt (n_interrupts.py:1)"),
            ("n_syntax", "def (", "SyntaxError: invalid syntax"),
            ("n_import", "import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
            ("n_name", "from agenthost import Nothing", "cannot import name 'Nothing' from 'agenthost'"),
            ("n_hangs", "import time\ntime.sleep(5)", "did not finish loading within 0.5 s"),
            (
                "n_super",
                "from agenthost import AgentBase\nclass thing(AgentBase):\n    def __init__(self): ...",
                "thing.__init__ has not called super().__init__. fix: call super().__init__(name=…) first.",
            ),
            (
                "n_arguments",
                "from agenthost import AgentBase\nclass thing(AgentBase): ...",
                (
                    "thing() needs name, and the host creates it without arguments. "
                    "fix: declare an attrs class as Settings, or write defaults"
                ),
            ),
            (
                "n_mute",
                "class Mute(Exception):\n    def __str__(self): raise ValueError\ndef thing(): raise Mute",
                "Mute: (its words cannot be read) (n_mute.py:3)",
            ),
            (
                "n_lines",
                "def thing(): raise ValueError('one\\x1b[2J\\ntwo\\t three')",
                r"ValueError: one\u001b[2J two three (n_lines.py:1)",
            ),
        ],
    )
    def test_rejected(self, install, name, source, reason):
        """The reason is one line, and no exception escapes."""
        host = IMPATIENT if "hangs" in name else PATIENT
        said, _ = the_rejected(load(configured(host=host), install(name, source, agents=[f"desk = {name}:thing"])))

        assert said.startswith(reason)
        assert said.isprintable()
        assert len(said) <= 240

    def test_one_that_fails_hurts_nobody(self, install):
        """The others are built, in order, after it."""
        install("o_bad", "import sys\nsys.exit()", agents=["bad = o_bad:thing"])
        candidates = install("o_good", AGENT.format(name="good"), agents=["good = o_good:Agent"])
        loaded = load(configured(), candidates)

        assert [(built.selected.distribution, built.key) for built in loaded.built] == [("o-good", "good")]
        assert [(r.selected.distribution, r.selected.version, r.key) for r in loaded.rejected] == [
            ("o-bad", "1.2", "bad")
        ]

    def test_a_host_that_the_package_does_not_want(self, install):
        """It is compared before anything is imported."""
        source = "raise BaseException('imported')"
        candidates = install("o_old", source, agents=["desk = o_old:A"], metadata=["Requires-Dist: agenthost>=99"])

        assert the_rejected(load(configured(), candidates)) == (
            f"it requires agenthost>=99, and this is agenthost {importlib.import_module('agenthost').__version__}",
            "pip install --upgrade agenthost o-old",
        )

    def test_a_disabled_agent_is_not_imported(self, install):
        candidates = install("o_off", "raise BaseException('imported')", agents=["desk = o_off:A"])
        loaded = load(configured(agents={"desk": AgentConfig(enabled=False)}), candidates)

        assert (loaded.built, loaded.rejected) == ((), ())
        assert [wanted.key for wanted in loaded.left_out] == ["desk"]

    def test_an_agent_elsewhere_is_not_imported(self, install):
        """Its workflow has a warning, and it is not a failure."""
        install("o_other", "raise BaseException('imported')", agents=["other = o_other:A"])
        candidates = install("o_desk", AGENT.format(name="desk"), agents=["desk = o_desk:Agent"])
        tables = {name: WorkflowConfig(kind="router", agents=("desk", "other")) for name in ("front", "back")}
        config = configured(host=evolve(PATIENT, agents=("desk", "front")), workflows=tables)
        plan = make_plan(config, load(config, candidates))

        assert {agent.key for agent in plan.agents} == {"desk", "front"}
        assert {(item.key, item.state) for item in plan.set_aside} == {("other", "elsewhere"), ("back", "elsewhere")}
        assert plan.failed == plan.refusals == ()
        expected = (
            "workflow 'front' goes on without 'other', which is not served: host.agents leaves it to another host"
        )
        assert expected in plan.warnings
        assert why_not(plan, "other").startswith("agent 'other' is left to another host by host.agents. fix: add it")

    def test_a_pattern_that_matches_nothing(self, install):
        """The host refuses to start, with the near name."""
        candidates = install("o_near", AGENT.format(name="desk"), agents=["desk = o_near:Agent"])
        config = configured(host=evolve(PATIENT, agents=("desks",)))
        plan = make_plan(config, load(config, candidates))

        with pytest.raises(PlanError, match=r"no agent matches 'desks'\. Did you mean desk\?"):
            accepted(config, plan)


class TestSettings:
    SOURCE = """
        import attrs
        from agenthost import AgentBase

        class Agent(AgentBase):
            @attrs.frozen
            class Settings:
                rooms: int = 3

            def __init__(self, settings):
                super().__init__("desk")
                self.settings = settings
    """

    def test_an_agent_gets_its_section(self, install):
        candidates = install("s_given", self.SOURCE, agents=["desk = s_given:Agent"])
        (built,) = load(configured(agents={"desk": AgentConfig(settings={"rooms": 5})}), candidates).built

        assert built.agent.settings.rooms == 5

    def test_without_a_section_its_defaults(self, install):
        (built,) = load(configured(), install("s_default", self.SOURCE, agents=["desk = s_default:Agent"])).built

        assert built.agent.settings.rooms == 3

    def test_a_wrong_setting_names_its_place(self, install):
        candidates = install("s_wrong", self.SOURCE, agents=["desk = s_wrong:Agent"])
        loaded = load(configured(agents={"desk": AgentConfig(settings={"rooms": "many"})}), candidates)

        assert the_rejected(loaded) == (
            "agenthost.toml: agents.desk.rooms: 'many' is not a whole number. fix: write rooms = 3",
            "follow the message, then run agenthost check",
        )

    @pytest.mark.parametrize("value", ["Agent", "make"])
    def test_an_agent_that_takes_none(self, install, value):
        source = AGENT.format(name="a") + "\n    def make():\n        return Agent()\n"
        candidates = install(f"s_none_{value}", source, agents=[f"desk = s_none_{value}:{value}"])
        reason, _ = the_rejected(load(configured(agents={"desk": AgentConfig(settings={"rooms": 5})}), candidates))

        assert reason == "agenthost.toml: agents.desk: this agent has no settings, but it sets rooms. fix: remove them."


class TestPlugins:
    HOOKS = """
        from agenthost import AgentBase, hookimpl

        @hookimpl
        def agents():
            return [AgentBase("one", "/one"), AgentBase("two", "/two")]

        @hookimpl
        def configure_app(app_config):
            pass
    """

    def test_hooks_are_found(self, install):
        loaded = load(configured(), install("p_good", self.HOOKS, plugins=["good = p_good"]))
        (plugin,) = loaded.plugins

        assert (
            plugin.name,
            plugin.state,
            plugin.hooks,
            plugin.diagnosis,
        ) == ("good", "ready", ("agents", "configure_app"), None)
        assert [(built.key, built.selected.distribution) for built in loaded.built] == [
            ("one", "p-good"),
            ("two", "p-good"),
        ]
        assert [key for key, _ in loaded.extensions.configure_app] == ["p-good:good"]

    def test_a_name_that_is_taken_gets_the_distribution_before_it(self, install):
        install("p_first", AGENT.format(name="one"), agents=["one = p_first:Agent"])
        loaded = load(configured(), install("p_second", self.HOOKS, plugins=["good = p_second"]))

        assert [built.key for built in loaded.built] == ["one", "p-second:one", "two"]

    def test_agents_of_a_plugin_have_sections(self, install):
        agents = {"one": AgentConfig(enabled=False), "two": AgentConfig(route="/zwei")}
        loaded = load(configured(agents=agents), install("p_section", self.HOOKS, plugins=["good = p_section"]))

        assert [(built.key, built.config.route) for built in loaded.built] == [("two", "/zwei")]

    def test_a_disabled_plugin_is_not_imported(self, install):
        candidates = install("p_off", "raise BaseException('imported')", plugins=["off = p_off"])
        (plugin,) = load(configured(plugins=PluginsConfig(disable=("off",))), candidates).plugins

        assert (plugin.name, plugin.state, plugin.hooks) == ("off", "disabled", ())

    @pytest.mark.parametrize(
        ("name", "source", "reason"),
        [
            ("p_raises", "raise ValueError('no')", "ValueError: no (p_raises.py:1)"),
            ("p_exits", "import sys; sys.exit(1)", "it called sys.exit(1) while loading"),
            ("p_hangs", "import time; time.sleep(5)", "did not finish loading within 0.5 s"),
            (
                "p_unknown",
                "from agenthost import hookimpl\n@hookimpl\ndef no_such_hook(): ...",
                "plugin 'p-unknown:bad': unknown hook 'no_such_hook'",
            ),
            (
                "p_signature",
                "from agenthost import hookimpl\n@hookimpl\ndef agents(nothing): ...",
                "plugin 'p-signature:bad': its agents(nothing) takes nothing",
            ),
            (
                "p_call",
                "from agenthost import hookimpl\n@hookimpl\ndef agents(): raise LookupError('no database')",
                "LookupError: no database",
            ),
            (
                "p_thing",
                "from agenthost import hookimpl\n@hookimpl\ndef agents(): return ['text']",
                "its hook agents() returns str object, not an AgentBase",
            ),
            (
                "p_nothing",
                "from agenthost import hookimpl\n@hookimpl\ndef agents(): return 5",
                "its hook agents() returns int object, not a list of AgentBase",
            ),
        ],
    )
    def test_quarantined(self, install, name, source, reason):
        """It is quarantined with all its hooks.

        The others stay.
        """
        install("p_z_good", self.HOOKS, plugins=["good = p_z_good"])
        more = "\nfrom agenthost import hookimpl\n@hookimpl\ndef configure_app(app_config): ...\n"
        host = IMPATIENT if "hangs" in name else PATIENT
        loaded = load(configured(host=host), install(name, source + more, plugins=[f"bad = {name}"]))
        bad, good = sorted(loaded.plugins, key=lambda plugin: plugin.name)

        assert (bad.state, good.state) == ("quarantined", "ready")
        assert bad.diagnosis.reason.startswith(reason)
        assert [built.key for built in loaded.built] == ["one", "two"]
        assert [key for key, _ in loaded.extensions.configure_app] == ["p-z-good:good"]

    def test_the_remedy_switches_it_off(self, install):
        (plugin,) = load(configured(), install("p_bad", "raise ValueError", plugins=["bad = p_bad"])).plugins

        assert plugin.diagnosis.remedy == (
            'pip install --upgrade p-bad; or switch it off in agenthost.toml: [plugins] disable = ["bad"]'
        )


class TestRemedies:
    @pytest.mark.parametrize(
        ("error", "remedy"),
        [
            (ModuleNotFoundError("x", name="caldav"), "pip install 'r-dental[calendar]'"),
            (ModuleNotFoundError("x", name="caldav.sub"), "pip install 'r-dental[calendar]'"),
            (
                ModuleNotFoundError("x", name="other"),
                "r-dental requires needed-lib>=1, which is not installed: pip install 'needed-lib>=1'",
            ),
            (ModuleNotFoundError("x", name="needed_lib.sub"), "pip install needed-lib"),
            (ModuleNotFoundError("x", name="r_dental.sub"), "pip install --force-reinstall --no-deps r-dental"),
            (ModuleNotFoundError("x"), "pip install --force-reinstall --no-deps r-dental"),
            (ModuleNotFoundError("x", name="a; rm -rf ~\n"), "pip install --force-reinstall --no-deps r-dental"),
            (ModuleNotFoundError("x", name=5), "pip install --force-reinstall --no-deps r-dental"),
            (
                TimeoutError("late"),
                (
                    "[host] build_timeout = 60 in agenthost.toml gives it more time; "
                    "[agents.dental] enabled = false switches it off"
                ),
            ),
            (
                ValueError("x"),
                "pip install --upgrade r-dental; or switch it off in agenthost.toml: [agents.dental] enabled = false",
            ),
        ],
        ids=repr,
    )
    def test_what_mends_it(self, install, error, remedy):
        """A command to run, or a line to write."""
        extra = "Requires-Dist: caldav; extra == 'calendar'"
        metadata = [extra, "Requires-Dist: needed-lib>=1"]
        (candidate,) = install("r_dental", "", agents=["dental = r_dental:Agent"], metadata=metadata)

        assert remedy == diagnose(error, candidate, "dental").remedy

    def test_a_key_that_must_be_quoted(self, install):
        (candidate,) = install("r_quoted", "", agents=["dental = r_quoted:Agent"])

        assert '[agents."acme:dental"] enabled = false' in diagnose(ValueError(), candidate, "acme:dental").remedy

    def test_a_long_story_is_cut(self, install):
        (candidate,) = install("r_long", "", agents=["dental = r_long:Agent"])
        reason = diagnose(ValueError("x" * 1000), candidate, "dental").reason

        assert len(reason) == MOST
        assert reason.endswith("x…")

    def test_an_exit_that_cannot_be_shown(self, install):
        """A package's ``__repr__`` may do anything, too."""

        class Code:
            def __repr__(self):
                raise SystemExit

        (candidate,) = install("r_exit", "", agents=["dental = r_exit:Agent"])

        assert diagnose(SystemExit(Code()), candidate, "dental").reason == "it called sys.exit(Code) while loading"


class TestIsolation:
    """Agents that can be isolated, and the treatment of those that cannot."""

    IN_CODE = """
        from agenthost import AgentBase, hookimpl

        @hookimpl
        def agents():
            return [AgentBase(name="made", route="/made")]
    """
    FLOW = """
        from agenthost.workflows.sequential import Sequential

        flow = Sequential("flow", ("a", "b"))
    """

    def test_an_agent_of_a_hook_cannot(self, install):
        """Isolated by its own section, its plugin is quarantined.

        Isolated by ``[host]``, it stays in the host with a warning.
        """
        offers = install("p_code", self.IN_CODE, plugins=["code = p_code"])
        asked = load(configured(agents={"made": AgentConfig(isolation="process")}), offers)
        told = load(configured(host=HostConfig(isolation="process")), offers)

        assert asked.built == ()
        assert "cannot be rebuilt in a separate process" in asked.plugins[0].diagnosis.reason
        assert [item.key for item in told.built] == ["made"]
        assert "'made' stays in the host" in told.warnings[0]

    @pytest.mark.slow
    def test_a_workflow_cannot(self, install):
        """Isolated by its own section, it is quarantined.

        Isolated by ``[host]``, it stays in the host.
        """
        offers = install("p_flow", self.FLOW, agents=["flow = p_flow:flow"])
        asked = load(configured(agents={"flow": AgentConfig(isolation="process")}), offers)
        told = load(configured(host=HostConfig(isolation="process")), offers)

        assert "is a workflow, which runs inside the host" in the_rejected(asked)[0]
        assert [item.key for item in told.built] == ["flow"]


def test_an_undeclared_import_is_the_authors_mistake(install):
    """Others can upgrade the package, or switch it off."""
    (candidate,) = install("r_bare", "", agents=["bare = r_bare:Agent"])

    assert diagnose(ModuleNotFoundError("x", name="other"), candidate, "bare").remedy == (
        "pip install --upgrade r-bare; if 'other' is still missing, r-bare does not declare the package that has it, "
        "which its author has to correct. [agents.bare] enabled = false switches it off"
    )


class TestAdaptedAgents:
    SCRIPT = """
        class Script:
            def __init__(self):
                self.words = "You sell."
    """
    PLUGIN = """
        from agenthost import AdaptedAgent, AgentBase, hookimpl

        @hookimpl
        def adapt_agent(offered):
            if type(offered).__name__ != "Script":
                return None
            if offered.words == "wrong":
                return "not an agent"
            agent = AgentBase("script", "/script")
            agent.set_prompt_text(offered.words)
            return AdaptedAgent(agent, ("it is a script",))
    """
    FOREIGN = """
        class AgentBase:
            pass

        AgentBase.__module__ = "signalwire.core.agent_base"

        class Old(AgentBase):
            pass
    """

    def test_a_plugin_makes_an_agent(self, install):
        """It keeps the key and the package of its entry point."""
        install("p_script", self.SCRIPT, agents=["sells = p_script:Script"])
        loaded = load(configured(), install("p_adapts", self.PLUGIN, plugins=["adapts = p_adapts"]))
        [built] = loaded.built

        assert (built.key, built.selected.distribution, declared(built.agent).name) == ("sells", "p-script", "script")
        assert make_plan(configured(), loaded).findings == ("sells: it is a script",)

    def test_a_wrong_answer_is_the_agents_failure(self, install):
        wrong = self.SCRIPT.replace("You sell.", "wrong")
        install("p_wrong", wrong, agents=["sells = p_wrong:Script"])
        loaded = load(configured(), install("p_adapts", self.PLUGIN, plugins=["adapts = p_adapts"]))

        assert "adapt_agent of plugin p-adapts:adapts returned str object" in loaded.rejected[0].diagnosis.reason

    @pytest.mark.slow
    def test_an_isolated_one_is_made_in_its_own_process(self, install, tmp_path, monkeypatch):
        """Its plugin is the only one that is imported there."""
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        isolated = {"sells": AgentConfig(isolation="process")}
        install("p_script", self.SCRIPT, agents=["sells = p_script:Script"])
        candidates = install("p_adapts", self.PLUGIN, plugins=["adapts = p_adapts"])
        loaded = load(configured(agents=isolated), candidates)

        assert [str(item.diagnosis) for item in loaded.rejected] == []
        [built] = loaded.built
        assert b"You sell." in declared(built.agent).own_process.template.render(b"", str.encode)

    def test_without_a_plugin_the_sdk_is_recognised(self, install):
        """By the names of its classes, as it need not be imported."""
        loaded = load(configured(), install("p_old", self.FOREIGN, agents=["old = p_old:Old"]))

        diagnosis = loaded.rejected[0].diagnosis
        assert diagnosis.reason == "p_old:Old returns an agent of signalwire-sdk, not of agenthost."
        assert diagnosis.remedy.startswith("pip install agenthost-signalwire")

    def test_a_file_of_the_sdk_is_recognised(self, tmp_path):
        (tmp_path / "old_file.py").write_text(dedent(self.FOREIGN), "utf-8")

        with pytest.raises(PlanError, match="fix: pip install agenthost-signalwire"):
            find_agent(configured(), str(tmp_path / "old_file.py"))
