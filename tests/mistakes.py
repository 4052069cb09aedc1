"""Packages with one mistake each, by name: source, entry point, requirements.

In ``{module}`` stands the name of the package's module, which is ``mistake_`` and its own name.
"""

from __future__ import annotations

from typing import Any

AGENT = "from agenthost import AgentBase, FunctionResult, Skill, hookimpl, probe\n"


def agent(body: str = "", init: str = "", sup: str = 'name="{key}", route="/{key}"', head: str = "") -> str:
    """Return the source of an agent with more lines of its constructor, and more methods."""
    return (
        f"{AGENT}{head}\n\nclass Agent(AgentBase):\n"
        f'    """Helps."""\n\n'
        "    def __init__(self) -> None:\n"
        f"        super().__init__({sup}, fallback='Please call again.')\n"
        "        self.prompt_add_section('Role', 'You help.')\n"
        f"{init}\n{body}"
    )


DONE = 'return FunctionResult("Done.")'


def tool(signature: str, doc: str = '"""Do it."""', body: str = DONE, mark: str = "") -> str:
    """Return the source of an agent with one tool."""
    return agent(f"    @AgentBase.tool{mark}\n    {signature}:\n        {doc}\n        {body}\n")


def hook(signature: str, value: str) -> str:
    """Return the source of a plugin with one hook."""
    return f"{AGENT}\n@hookimpl\ndef {signature}:\n    return {value}\n"


PLUGINS = "agenthost"
PLUGIN = {"group": PLUGINS, "value": "{module}"}
SKILL = {"group": "agenthost.skills", "value": "{module}:Agent"}
COMMANDS = "agenthost.commands"
MISTAKES: dict[str, dict[str, Any]] = {
    # Entry points and metadata
    "module-misspelt": {"source": agent(), "value": "{module}x:Agent"},
    "class-misspelt": {"source": agent(), "value": "{module}:Agnt"},
    "class-left-out": {"source": agent(), "value": "{module}"},
    "factory-without-return": {"source": f"{AGENT}\ndef make():\n    AgentBase('x')\n", "value": "{module}:make"},
    "factory-async": {"source": f"{AGENT}\nasync def make():\n    return AgentBase('x')\n", "value": "{module}:make"},
    "class-of-another-kind": {"source": "class Agent: ...\n"},
    "plugin-among-agents": {"source": f"{AGENT}\n@hookimpl\ndef agents():\n    return []\n", "value": "{module}"},
    "agent-among-plugins": {"source": agent(), "group": PLUGINS},
    "group-in-the-singular": {"source": agent(), "group": "agenthost.agent"},
    "group-with-a-typo": {"source": agent(), "group": "agenthots.agents"},
    "entry-point-twice": {"source": agent(), "again": True},
    "name-with-a-space": {"source": agent(), "name": "my agent"},
    "requires-another-host": {"source": agent(), "requires": ["agenthost>=99"]},
    "requirement-not-installed": {"source": "import yaml_of_nobody\n", "requires": ["PyYAML-of-nobody>=6"]},
    "requirement-of-an-extra": {"source": "import caldav_x\n", "requires": ["caldav-x>=1 ; extra == 'calendar'"]},
    "import-of-nothing": {"source": "import qqqqzzzz\n"},
    "import-misspelt": {"source": "import jsonn\n"},
    "import-from-agenthost-misspelt": {"source": "from agenthost import AgentBse\n"},
    "import-relative-in-a-file": {"source": "from . import prices\n"},
    # Import
    "encoding": {"source": "NAME = 'Caf\xe9'\n", "encoding": "latin-1"},
    "null-bytes": {"source": agent(), "encoding": "utf-16-le"},
    "runs-itself": {"source": agent() + "\n\nAgent().run()\n"},
    "syntax": {"source": "class Agent(:\n"},
    "indentation": {"source": "class Agent:\n  x = 1\n    y = 2\n"},
    "name-misspelt": {"source": f"{AGENT}\nclass Agent(AgentBas): ...\n"},
    "exit-at-import": {"source": "import sys\nsys.exit('no')\n"},
    "error-at-import": {"source": "PRICE = 1 / 0\n"},
    "variable-not-set": {"source": "import os\nKEY = os.environ['CINEMA_KEY_OF_NOBODY']\n"},
    "file-not-there": {"source": "TEXT = open('prices-of-nobody.csv').read()\n"},
    "signal-at-import": {"source": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_DFL)\n"},
    # Constructor
    "no-super": {"source": f"{AGENT}\nclass Agent(AgentBase):\n    def __init__(self):\n        pass\n"},
    "argument-without-settings": {
        "source": f"{AGENT}\nclass Agent(AgentBase):\n    def __init__(self, city):\n        super().__init__('x')\n"
    },
    "settings-of-another-kind": {
        "source": f"{AGENT}\nclass Own: ...\n\n\nclass Agent(AgentBase):\n    Settings = Own\n\n"
        "    def __init__(self, settings):\n        super().__init__('x')\n"
    },
    "settings-that-are-an-object": {
        "source": f"import attrs\n{AGENT}\n@attrs.frozen\nclass Own:\n    city: str = 'Oslo'\n\n\n"
        "class Agent(AgentBase):\n    Settings = Own()\n\n"
        "    def __init__(self, settings):\n        super().__init__('x')\n"
    },
    "settings-not-taken": {
        "source": f"import attrs\n{AGENT}\n@attrs.frozen\nclass Own:\n    city: str = 'Oslo'\n\n\n"
        "class Agent(AgentBase):\n    Settings = Own\n\n    def __init__(self):\n        super().__init__('x')\n"
    },
    "setting-without-default": {
        "source": f"import attrs\n{AGENT}\n@attrs.frozen\nclass Own:\n    city: str\n\n\nclass Agent(AgentBase):\n"
        "    Settings = Own\n\n    def __init__(self, settings):\n        super().__init__('x')\n"
    },
    "method-misspelt": {"source": agent(init="        self.add_langauge('English', 'en-US', 'rime.spore')\n")},
    "keyword-misspelt": {"source": agent(sup='name="{key}", rout="/{key}"')},
    "name-empty": {"source": agent(sup='name=""')},
    "route-with-capitals": {"source": agent(sup='name="{key}", route="/Shop"')},
    "route-reserved": {"source": agent(sup='name="{key}", route="/health"')},
    "section-empty": {"source": agent(init="        self.prompt_add_section('Rules')\n")},
    "prompt-empty": {"source": agent(init="        self.set_prompt_text('')\n")},
    "language-without-voice": {"source": agent(init="        self.add_language('English', 'en-US')\n")},
    "skill-misspelt": {"source": agent(init="        self.add_skill('datetme')\n")},
    "skill-parameter-misspelt": {"source": agent(init="        self.add_skill('datetime', {'timezon': 'UTC'})\n")},
    "tool-twice": {"source": agent(init=2 * "        self.define_tool('buy', 'Buys.', {}, lambda: 'x')\n")},
    "method-of-a-result-misspelt": {"source": agent(init="        FunctionResult('x').update_global_dta({})\n")},
    "tool-of-no-function": {"source": agent(init="        self.define_tool('buy', 'Buys.', {}, 'buy')\n")},
    "tool-that-yields": {"source": tool("async def buy(self) -> FunctionResult", body='yield FunctionResult("x")')},
    "tool-of-a-property": {"source": tool("def buy(self) -> str").replace("    @A", "    @property\n    @A")},
    "tool-above-classmethod": {"source": tool("def buy(cls) -> str", mark="\n    @classmethod")},
    "tool-named-like-a-method": {"source": tool("def render(self, day: str) -> FunctionResult")},
    "hints-of-one-text": {"source": agent(init="        self.add_hints('cinema')\n")},
    "tool-name-wrong": {"source": agent(init="        self.define_tool('buy it', 'Buys.', {}, lambda: 'x')\n")},
    # Tools
    "parameters-unnamed": {"source": tool("def buy(self, *names: str) -> FunctionResult")},
    "type-of-a-class": {"source": tool("def buy(self, what: object) -> FunctionResult")},
    "type-of-two-shapes": {"source": tool("def buy(self, what: dict[str, int] | AgentBase) -> FunctionResult")},
    "type-not-imported": {"source": tool("def buy(self, day: 'Weekday') -> FunctionResult")},
    "A101": {"source": tool("def look(self, day) -> FunctionResult")},
    "A102": {"source": tool("def look(self, call: int) -> FunctionResult")},
    "A103": {"source": tool("def look(day: str) -> FunctionResult")},
    "A104": {
        "source": tool(
            "def look(self, day: str) -> FunctionResult",
            '"""Look.\n\n        Args:\n            dya: Day\n            day: Day\n        """',
        )
    },
    "A105": {"source": tool("def look(self) -> FunctionResult", doc="")},
    "A106": {"source": agent(2 * "    def look(self) -> int:\n        return 1\n\n")},
    "A107": {"source": agent("    @probe\n    def answers(self, timeout: float) -> None:\n        return None\n")},
    "A108": {"source": agent("    async def lifespan(self):\n        yield\n")},
    "A109": {
        "source": f"{AGENT}\n@hookimpl\ndef agents():\n    return []\n\n\ndef sip_aliases():\n    return []\n",
        "group": PLUGINS,
        "value": "{module}",
    },
    "A113": {"source": agent().replace("        self.prompt_add_section('Role', 'You help.')\n", "")},
    "A114": {"source": tool("def cancel_visit(self) -> FunctionResult").replace(", fallback='Please call again.'", "")},
    "A115": {
        "source": "import time\n"
        + tool("async def look(self) -> FunctionResult", body=f"time.sleep(1)\n        {DONE}")
    },
    "A116": {
        "source": tool(
            "def look(self, day: str, hour: int) -> FunctionResult",
            '"""Look.\n\n        Args:\n            day: Day\n        """',
        )
    },
    "A117": {"source": tool("def look(self) -> FunctionResult", body=f"self.seen = 1\n        {DONE}")},
    "A118": {"source": tool("def look(self) -> None", body='print("looked")')},
    "A119": {"source": agent(f'    def look(self) -> FunctionResult:\n        """Look."""\n        {DONE}\n')},
    "A121": {"source": tool("def look(self) -> FunctionResult", mark="(timout=3)")},
    "A122": {"source": agent("    def get_app(self):\n        return super().get_app()\n")},
    "A123": {
        "source": tool(
            "async def look(self) -> FunctionResult",
            body=f"n = self.state.incr('looks')\n        print(n)\n        {DONE}",
        )
    },
    "A124": {"source": agent(init="        self.state = {}\n")},
    "A125": {"source": agent(head="from attrs import frozen\n\n\n@frozen\nclass Own:\n    halls: list[str] = []\n")},
    # Skills and commands
    "skill-import-misspelt": {"source": "import jsonn\n", **SKILL},
    "skill-of-another-kind": {"source": agent(), **SKILL},
    "command-misspelt": {"source": "def greet():\n    pass\n", "group": COMMANDS, "value": "{module}:great"},
    "command-of-another-kind": {"source": "def greet():\n    pass\n", "group": COMMANDS, "value": "{module}:greet"},
    # Plugins
    "A120": {"source": "PRICE = 3\n", **PLUGIN},
    "hook-misspelt": {"source": hook("sip_alias()", "[]"), **PLUGIN},
    "hook-with-other-arguments": {"source": hook("sip_aliases(agent)", "[]"), **PLUGIN},
    "hook-of-another-type": {"source": hook("agents()", "['sales']"), **PLUGIN},
    "hook-returns-nothing": {"source": hook("agents()", "None"), **PLUGIN},
    "hook-raises": {"source": hook("agents()", "[1 / 0]"), **PLUGIN},
}
