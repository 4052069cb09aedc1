"""What one agent's document is made of, while it can still be changed."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, frozen

from agenthost.contexts import ContextBuilder
from agenthost.prompt import Prompt
from agenthost.swml.addresses import WebhookUrls
from agenthost.tools.platform_tools import PlatformTool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost.swml.addresses import Addresses
    from agenthost.tools.tool import Tool

__all__ = ["AddedSkill", "CallDraft", "Draft"]

_ELSEWHERE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:|//")


@frozen
class AddedSkill:
    """What a skill has added to an agent.

    Args:
        tools: names of its tools.
        hints: its hints.
        sections: its sections of the prompt, as JSON values.
        global_data: its data.
    """

    tools: tuple[str, ...]
    hints: tuple[str, ...]
    sections: tuple[dict[str, Any], ...]
    global_data: Mapping[str, Any]


@define(slots=False, eq=False)
class Draft:
    """What one agent's document is made of, while it can still be changed.

    Args:
        name: the agent's name, which introduces it where it has no prompt.
        prompt: the prompt, as sections, text or both.
        use_pom: whether the prompt's sections count; without, only its text does.
        prompt_params: what the model is set to, such as ``temperature``.
        contexts: contexts and steps.
        post_prompt: how the conversation is summed up when it has ended.
        post_prompt_params: what the model is set to for that.
        urls: decisions about the URLs that the platform calls.
        native_functions: tools of the platform that the model may call.
        includes: tools that other addresses describe.
        internal_fillers: what is said while the platform's own tools run.
        tools: the agent's tools by name, in order of definition.
        mcp_servers: servers of the Model Context Protocol whose tools the model may call.
        params: ``ai.params``.
        debug_level: how much the platform tells while a call runs; None for nothing.
        hints: entries of ``ai.hints``.
        languages: entries of ``ai.languages``.
        multilingual: ``ai.multilingual``.
        pronounce: entries of ``ai.pronounce``.
        global_data: ``ai.global_data``.
        before_answer: verbs and configurations that run while the call rings.
        answer: the configuration of ``answer``; None leaves the verb out.
        record_call: the configuration of ``record_call``; None does not record.
        after_answer: verbs and configurations that run before the model speaks.
        after_ai: verbs and configurations that run when the conversation has ended.
        checked: whether names of verbs and of the platform's tools must be known.
        skills: what the agent's skills have added, by the skill's key.
    """

    name: str
    prompt: Prompt = Factory(Prompt)
    use_pom: bool = True
    prompt_params: dict[str, Any] = Factory(dict)
    contexts: ContextBuilder | None = None
    post_prompt: str | None = None
    post_prompt_params: dict[str, Any] = Factory(dict)
    urls: WebhookUrls = Factory(WebhookUrls)
    native_functions: list[str] = Factory(list)
    includes: list[dict[str, Any]] = Factory(list)
    internal_fillers: dict[str, dict[str, Any]] = Factory(dict)
    tools: dict[str, Tool | PlatformTool] = Factory(dict)
    mcp_servers: list[dict[str, Any]] = Factory(list)
    params: dict[str, Any] = Factory(dict)
    debug_level: int | None = None
    hints: list[Any] = Factory(list)
    languages: list[dict[str, Any]] = Factory(list)
    multilingual: dict[str, Any] | None = None
    pronounce: list[dict[str, Any]] = Factory(list)
    global_data: dict[str, Any] = Factory(dict)
    before_answer: list[tuple[str, Any]] = Factory(list)
    answer: dict[str, Any] | None = Factory(dict)
    record_call: dict[str, Any] | None = None
    after_answer: list[tuple[str, Any]] = Factory(list)
    after_ai: list[tuple[str, Any]] = Factory(list)
    checked: bool = True
    skills: dict[str, AddedSkill] = Factory(dict)

    def copy(self) -> CallDraft:
        """A draft of its own for one call; the tools, which hold the author's objects, are shared."""
        return CallDraft(self)

    def build(self, addresses: Addresses) -> dict[str, Any]:
        """The document as a dictionary, its keys in the order of the contract (wire.md, section 3).

        Raises:
            DefinitionError: the prompt or the contexts cannot be used as they are.
        """
        main = [{verb: config} for verb, config in self.before_answer]
        if self.answer is not None:
            main.append({"answer": self.answer})
        if self.record_call is not None:
            main.append({"record_call": self.record_call})
        main += [{verb: config} for verb, config in self.after_answer]
        main.append({"ai": self._ai(addresses)})
        main += [{verb: config} for verb, config in self.after_ai]
        return {"version": "1.0.0", "sections": {"main": main}}

    def _ai(self, addresses: Addresses) -> dict[str, Any]:
        ai: dict[str, Any] = {"prompt": self.rendered_prompt()}
        if self.post_prompt:
            ai["post_prompt"] = {"text": self.post_prompt, **self.post_prompt_params}
            ai["post_prompt_url"] = self.urls.of_summaries(addresses)
        if swaig := self._swaig(addresses):
            ai["SWAIG"] = swaig
        ai["params"] = self.params
        if self.debug_level is not None:
            told = {"debug_webhook_url": self.urls.of(addresses, "debug_events")}
            ai["params"] = {**self.params, **told, "debug_webhook_level": self.debug_level}
        optional = {
            "hints": self.hints,
            "languages": self.languages,
            "multilingual": self.multilingual,
            "pronounce": self.pronounce,
            "global_data": self.global_data,
        }
        ai.update((key, value) for key, value in optional.items() if value)
        return ai

    def rendered_prompt(self) -> dict[str, Any]:
        """``ai.prompt``: text or sections, contexts, and what the model is set to.

        Raises:
            DefinitionError: a section says nothing, or the contexts cannot be used as they are.
        """
        prompt = (self.prompt if self.use_pom else Prompt(self.prompt.text)).to_dict(self.name)
        if self.contexts is not None and self.contexts.contexts:
            elsewhere = [name for include in self.includes for name in include["functions"]]
            self.contexts.validate([*self.tools, *elsewhere])
            prompt["contexts"] = self.contexts.to_dict()
        return prompt | self.prompt_params

    def _swaig(self, addresses: Addresses) -> dict[str, Any]:
        swaig: dict[str, Any] = {
            "native_functions": self.native_functions,
            "includes": self.includes,
            "internal_fillers": self.internal_fillers,
        }
        swaig = {key: value for key, value in swaig.items() if value}
        if self.tools:
            swaig["functions"] = [self._described(tool, addresses) for tool in self.tools.values()]
            swaig["defaults"] = {"web_hook_url": self.urls.of_tools(addresses)}
        if self.mcp_servers:
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
        """A tool's own address; None where it is the document's default."""
        if tool.webhook_url is not None:
            return tool.webhook_url
        if tool.secure:
            return self.urls.of_tools(addresses, tool.name)
        return self.urls.of_tools(addresses) if self.urls.query else None


class CallDraft(Draft):
    """The draft of one call: what is changed is copied first, and everything else is the agent's own.

    Args:
        draft: the agent's draft, which is never changed.
    """

    def __init__(self, draft: Draft) -> None:
        self._original = draft

    def __getattr__(self, name: str) -> Any:
        """Copy a part when it is first asked for, since whoever asks may change it."""
        try:
            value = _copied(self.__dict__["_original"].__dict__[name])
        except KeyError:
            raise AttributeError(name) from None
        setattr(self, name, value)
        return value

    def build(self, addresses: Addresses) -> dict[str, Any]:
        """The document as a dictionary; from then on the draft must not be changed, for it shares the agent's parts."""
        self.__dict__ = self._original.__dict__ | self.__dict__
        return super().build(addresses)


def _copied(value: Any) -> Any:
    """A copy of JSON values, prompts and contexts; what is frozen, and an author's objects, are shared."""
    if isinstance(value, dict):
        return {key: _copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_copied(inner) for inner in value]
    if isinstance(value, (Prompt, WebhookUrls)):
        return value.copy()
    if isinstance(value, ContextBuilder):
        return copy.deepcopy(value)
    return value
