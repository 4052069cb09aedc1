"""Draft: the parts of an agent's document, while they can still be changed."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field, fields, frozen

from agenthost.contexts import ContextBuilder
from agenthost.errors import DefinitionError
from agenthost.prompt import Prompt
from agenthost.swml.addresses import WebhookUrls
from agenthost.tools.platform_tools import PlatformTool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.swml.addresses import Addresses
    from agenthost.tools.tool import Tool

__all__ = ["AddedSkill", "CallDraft", "Draft"]

_KIND = "kind"
"""The type of a part that is made at its first use."""
_DICT, _LIST = {_KIND: dict}, {_KIND: list}
_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


@frozen
class AddedSkill:
    """The parts that a skill has added to an agent.

    Args:
        tools: names of its tools.
        hints: its hints.
        sections: its sections of the prompt, as JSON values.
        global_data: its data.
        skill: the skill itself.
    """

    tools: tuple[str, ...]
    hints: tuple[str, ...]
    sections: tuple[dict[str, Any], ...]
    global_data: Mapping[str, Any]
    skill: Any = None


@define(slots=False, eq=False)
class Draft:
    """The parts of an agent's document, while they can still be changed.

    Most agents have few of them, and a host may have thousands of agents, so most parts are made at their first use.
    Python keeps the names of up to 29 attributes once for all drafts, and those of more in each, which is 1.3 KB.

    Args:
        name: the agent's name, for an agent without a prompt.
        prompt: the prompt, as sections, text or both.
        prompt_params: settings of the model, such as ``temperature``.
        contexts: contexts and steps.
        post_prompt: the prompt for the summary of the conversation.
        post_prompt_params: settings of the model for the summary.
        urls: decisions about the URLs that the platform calls.
        native_functions: tools of the platform that the model may call.
        includes: tools that other addresses describe.
        internal_fillers: phrases spoken while the platform's own tools run.
        tools: the agent's tools by name, in order of definition.
        mcp_servers: servers of the Model Context Protocol whose tools the model may call.
        params: ``ai.params``.
        debug_level: level of the platform's debug events during a call. None for no events.
        hints: entries of ``ai.hints``.
        languages: entries of ``ai.languages``.
        multilingual: ``ai.multilingual``.
        pronounce: entries of ``ai.pronounce``.
        global_data: ``ai.global_data``.
        ai_fields: further fields of ``ai``, which replace those of the agent.
        sections: handwritten sections of the document, by name: verbs and configurations. With verbs in ``main``, the
            document has no conversation.
        verb_handlers: checks of verbs that SWML does not have, by name.
        before_answer: verbs and configurations that run while the call rings.
        answer: the configuration of ``answer``. None leaves the verb out.
        record_call: the configuration of ``record_call``. None does not record.
        after_answer: verbs and configurations that run before the model speaks.
        after_ai: verbs and configurations that run when the conversation has ended.
        checked: whether names of verbs and of the platform's tools are checked.
        skills: the parts that skills have added, by the skill's key.
    """

    name: str
    prompt: Prompt = Factory(Prompt)
    prompt_params: dict[str, Any] = field(init=False, metadata=_DICT)
    contexts: ContextBuilder | None = None
    post_prompt: str | None = None
    post_prompt_params: dict[str, Any] = field(init=False, metadata=_DICT)
    urls: WebhookUrls = Factory(WebhookUrls)
    native_functions: list[str] = field(init=False, metadata=_LIST)
    includes: list[dict[str, Any]] = field(init=False, metadata=_LIST)
    internal_fillers: dict[str, dict[str, Any]] = field(init=False, metadata=_DICT)
    tools: dict[str, Tool | PlatformTool] = field(init=False, metadata=_DICT)
    mcp_servers: list[dict[str, Any]] = field(init=False, metadata=_LIST)
    params: dict[str, Any] = field(init=False, metadata=_DICT)
    debug_level: int | None = None
    hints: list[Any] = field(init=False, metadata=_LIST)
    languages: list[dict[str, Any]] = field(init=False, metadata=_LIST)
    multilingual: dict[str, Any] | None = None
    pronounce: list[dict[str, Any]] = field(init=False, metadata=_LIST)
    global_data: dict[str, Any] = field(init=False, metadata=_DICT)
    ai_fields: dict[str, Any] = field(init=False, metadata=_DICT)
    sections: dict[str, list[tuple[str, Any]]] = field(init=False, metadata=_DICT)
    verb_handlers: dict[str, Any] = field(init=False, metadata=_DICT)
    before_answer: list[tuple[str, Any]] = field(init=False, metadata=_LIST)
    answer: dict[str, Any] | None = Factory(dict)
    record_call: dict[str, Any] | None = None
    after_answer: list[tuple[str, Any]] = field(init=False, metadata=_LIST)
    after_ai: list[tuple[str, Any]] = field(init=False, metadata=_LIST)
    checked: bool = True
    skills: dict[str, AddedSkill] = field(init=False, metadata=_DICT)

    def __getattr__(self, name: str) -> Any:
        """Make a part at its first use."""
        kind = _KINDS.get(name)
        if kind is None:
            raise AttributeError(name)
        part = kind()
        setattr(self, name, part)
        return part

    def _made(self) -> Mapping[str, Any]:
        """Return the parts that have been made."""
        return vars(self)

    def copy(self) -> CallDraft:
        """Return a draft for one call.

        The tools, which hold the author's objects, are shared.
        """
        return CallDraft(self)

    def build(self, addresses: Addresses) -> dict[str, Any]:
        """Build the document, with keys in the order of the contract (wire.md, section 3).

        Raises:
            DefinitionError: the prompt or the contexts are wrong, or both a prompt and a handwritten ``main`` exist.
        """
        written = self._made().get("sections", {})
        sections = {"main": self._written("main") if written.get("main") else self._main(addresses)}
        sections.update((name, self._written(name)) for name in written if name != "main")
        return {"version": "1.0.0", "sections": sections}

    def _written(self, section: str) -> list[dict[str, Any]]:
        if section == "main" and (self.prompt.text or self.prompt.sections.sections):
            raise DefinitionError(
                f"agent {self.name!r} has both a prompt and verbs of its own in 'main', which would leave the prompt "
                "out. fix: add the verbs by add_post_answer_verb, or write the document in render()"
            )
        return [{verb: config} for verb, config in self.sections[section]]

    def _main(self, addresses: Addresses) -> list[dict[str, Any]]:
        made = self._made()
        main: list[dict[str, Any]] = [{verb: config} for verb, config in made.get("before_answer", ())]
        if self.answer is not None:
            main.append({"answer": self.answer})
        if self.record_call is not None:
            main.append({"record_call": self.record_call})
        main += [{verb: config} for verb, config in made.get("after_answer", ())]
        main.append({"ai": self.ai(addresses)})
        main += [{verb: config} for verb, config in made.get("after_ai", ())]
        return main

    def ai(self, addresses: Addresses) -> dict[str, Any]:
        """Build the configuration of the verb ``ai``.

        Raises:
            DefinitionError: the prompt or the contexts are wrong.
        """
        made = self._made()
        ai: dict[str, Any] = {"prompt": self.rendered_prompt()}
        if self.post_prompt:
            ai["post_prompt"] = {"text": self.post_prompt, **self.post_prompt_params}
            ai["post_prompt_url"] = self.urls.of_summaries(addresses)
        if swaig := self.swaig(addresses):
            ai["SWAIG"] = swaig
        ai["params"] = made.get("params", {})
        if self.debug_level is not None:
            told = {"debug_webhook_url": self.urls.of_debug_events(addresses)}
            ai["params"] = {**ai["params"], **told, "debug_webhook_level": self.debug_level}
        ai.update((key, made[key]) for key in _OPTIONAL if made.get(key))
        ai.update(made.get("ai_fields", ()))
        return ai

    def rendered_prompt(self) -> dict[str, Any]:
        """Build ``ai.prompt``: text or sections, contexts, and settings of the model.

        Raises:
            DefinitionError: a section is empty, or the contexts are wrong.
        """
        prompt = (self.prompt if self.prompt.use_sections else Prompt(self.prompt.text)).to_dict(self.name)
        if self.contexts is not None and (self.contexts.contexts or not self.contexts.emptied):
            elsewhere = [name for include in self.includes for name in include["functions"]]
            self.contexts.validate([*self.tools, *elsewhere])
            prompt["contexts"] = self.contexts.to_dict()
        params: dict[str, Any] = self._made().get("prompt_params", {})
        return prompt | params

    def swaig(self, addresses: Addresses) -> dict[str, Any]:
        """Build ``SWAIG``: the tools, wherever they run."""
        made = self._made()
        swaig: dict[str, Any] = {key: made[key] for key in _OF_SWAIG if made.get(key)}
        if made.get("tools"):
            swaig["functions"] = [self._described(tool, addresses) for tool in self.tools.values()]
            swaig["defaults"] = {"web_hook_url": self.urls.of_tools(addresses)}
        if made.get("mcp_servers"):
            swaig["mcp_servers"] = self.mcp_servers
        return swaig

    def _described(self, tool: Tool | PlatformTool, addresses: Addresses) -> Mapping[str, Any]:
        if isinstance(tool, PlatformTool):
            return tool.describe(addresses.sibling)
        described = tool.describe(self._address(tool, addresses))
        file = described.get("wait_file")
        if isinstance(file, str) and not _ELSEWHERE.match(file):
            described["wait_file"] = f"{addresses.origin}/{file.removeprefix('/')}"
        return described

    def _address(self, tool: Tool, addresses: Addresses) -> str | None:
        """Return a tool's own address, or None for the document's default."""
        if tool.webhook_url is not None:
            return tool.webhook_url
        if tool.secure:
            return self.urls.of_tools(addresses, tool.name)
        return self.urls.of_tools(addresses) if self.urls.query else None


_KINDS: Mapping[str, type] = {each.name: each.metadata[_KIND] for each in fields(Draft) if _KIND in each.metadata}
_OPTIONAL = ("hints", "languages", "multilingual", "pronounce", "global_data")
_OF_SWAIG = ("native_functions", "includes", "internal_fillers")


class CallDraft(Draft):
    """The draft of one call.

    A part is copied before it can be changed. All other parts are the agent's own.

    Args:
        draft: the agent's draft, which is never changed.
    """

    def __init__(self, draft: Draft) -> None:
        self._original = draft

    def __getattr__(self, name: str) -> Any:
        """Copy a part on first access, since the caller may change it."""
        original = vars(self).get("_original")
        if original is None or name not in vars(original):
            return super().__getattr__(name)
        value = _copied(vars(original)[name])
        setattr(self, name, value)
        return value

    def _made(self) -> Mapping[str, Any]:
        return vars(self._original) | vars(self)

    def build(self, addresses: Addresses) -> dict[str, Any]:
        """Build the document.

        The draft must not be changed afterwards, as it then shares the agent's parts.
        """
        whole = Draft.__new__(Draft)
        whole.__dict__ = vars(self._original) | vars(self)
        return whole.build(addresses)


def _copied(value: Any) -> Any:
    """Copy JSON values, prompts and contexts.

    Frozen values and the author's objects are shared.
    """
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    if isinstance(value, (Prompt, WebhookUrls)):
        return value.copy()
    if isinstance(value, ContextBuilder):
        return copy.deepcopy(value)
    return value
