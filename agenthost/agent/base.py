"""AgentBase: what an agent package subclasses.

Its methods describe the agent: prompt, languages, tools (``agenthost.vocabulary``). They act on a ``Draft``
(``agenthost.swml``) until the host mounts the agent; from then on they raise ``AgentSealed``, while ordinary attributes
stay the author's own.
"""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

import inspect
import uuid
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.agent.declared import Alone, Declared
from agenthost.agent.vocabulary import Vocabulary
from agenthost.agent.vocabulary.prompts import class_sections
from agenthost.conversation.classifiers import examples_by_language
from agenthost.errors import DefinitionError
from agenthost.prompt import PromptSections
from agenthost.swml import Draft, Template
from agenthost.tools.arguments import AnyArguments
from agenthost.tools.tool import Tool, declarations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from agenthost.state import Stores

__all__ = ["FALLBACK", "AgentBase", "Declared", "declared", "overrides", "release", "runnable", "seal", "serve_state"]

FALLBACK = "I'm sorry, something went wrong on my side. Please try again in a moment."
"""What a caller hears when a tool fails and its agent has no sentence of its own."""


class AgentBase(Vocabulary):
    """A voice or chat agent: a prompt, languages, and tools that a model may call.

    Args:
        name: the agent's name, as other agents and people call it.
        route: where it is mounted, such as ``/sales``; the host's configuration may decide otherwise. Left out, it is
            ``/`` and the name of the agent's entry point.
        host: where it listens when it is served alone; None for the host's own choice. A host of several agents has
            its own.
        port: the same.
        basic_auth: user and password, when it is served alone; a host of several agents has its own.
        use_pom: False leaves the prompt's sections out: its text alone counts.
        token_expiry_secs: seconds that its tokens are good for; left out, what the host says.
        auto_answer: False leaves the verb ``answer`` out of the document.
        record_call: whether calls are recorded.
        record_format: ``mp4``, ``mp3`` or ``wav``.
        record_stereo: whether caller and agent have a channel each.
        default_webhook_url: see ``set_web_hook_url``.
        agent_id: a name for this very instance; left out, a random one. It is kept as ``agent_id``.
        native_functions: see ``set_native_functions``.
        schema_path: has no effect: a document is held against a schema by ``agenthost swml --validate``.
        suppress_logs: has no effect: logging is the host's.
        enable_post_prompt_override: has no effect.
        check_for_input_override: has no effect.
        config_file: must be left out: an agent is configured in ``agenthost.toml``.
        schema_validation: False lets verbs and native functions through that are not known here.
        signing_key: verifies the signatures of this agent's requests; the host's own is ``SIGNALWIRE_SIGNING_KEY``.
        trust_proxy_for_signature: has no effect: signatures are checked against the host's public URL.
        swaig_secret: signs this agent's tokens; the host's own is ``SIGNALWIRE_SWAIG_SECRET``.
        sip: user parts of SIP addresses that should reach it, such as ``("sales", "orders")``.
        fallback: what the caller hears when one of its tools fails, or its document; a full sentence.
        on_failure: what follows when its document fails: ``hangup``, else a number, a SIP address, or the URL of a
            document that the call goes to.
        shared_state: names of stores that it shares with other agents, such as ``("customers",)``; see
            ``shared_state["customers"]``.
        busy: what the caller hears when the agent can take no more; left out, the host's sentence.
        description: what it is for, in a sentence: classifiers, other agents and lists read it. Left out, the first
            line of the class's docstring.
        examples: what people say to it; a list, or lists by language code, such as ``{"en": [...], "es": [...]}``.

    Raises:
        DefinitionError: the name is empty, or something else that is declared cannot work.
    """

    def __init__(
        self,
        name: str,
        route: str | None = None,
        host: str | None = None,
        port: int | None = None,
        basic_auth: tuple[str, str] | None = None,
        use_pom: bool = True,
        token_expiry_secs: int | None = None,
        auto_answer: bool = True,
        record_call: bool = False,
        record_format: str = "mp4",
        record_stereo: bool = True,
        default_webhook_url: str | None = None,
        agent_id: str | None = None,
        native_functions: Sequence[str] | None = None,
        schema_path: str | None = None,  # noqa: ARG002 - the field's, as the others without effect
        suppress_logs: bool = False,  # noqa: ARG002
        enable_post_prompt_override: bool = False,  # noqa: ARG002
        check_for_input_override: bool = False,  # noqa: ARG002
        config_file: str | None = None,
        schema_validation: bool = True,
        signing_key: str | None = None,
        trust_proxy_for_signature: bool = False,  # noqa: ARG002
        swaig_secret: str | None = None,
        *,
        sip: Sequence[str] = (),
        fallback: str = FALLBACK,
        on_failure: str = "hangup",
        shared_state: Sequence[str] = (),
        busy: str | None = None,
        description: str | None = None,
        examples: Sequence[str] | Mapping[str, Sequence[str]] = (),
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            msg = f"{type(self).__name__}: name must be a word such as 'sales', not {name!r}."
            raise DefinitionError(msg)
        if route is not None and not isinstance(route, str):
            msg = f"agent {name!r}: route must be a path such as '/sales', not {type(route).__name__}."
            raise DefinitionError(msg)
        if config_file is not None:
            msg = f"agent {name!r}: config_file is not read. Write what it says into agenthost.toml: [agents.{name}]"
            raise DefinitionError(msg)
        if not isinstance(on_failure, str) or not on_failure.strip():
            msg = f"agent {name!r}: on_failure must be 'hangup', a number, an address or a URL, not {on_failure!r}."
            raise DefinitionError(msg)
        if description is not None and not isinstance(description, str):
            msg = f"agent {name!r}: description must be a sentence, not {type(description).__name__}."
            raise DefinitionError(msg)
        self.name = name
        self.route = route
        self.agent_id = agent_id or str(uuid.uuid4())
        draft = Draft(name, use_pom=use_pom, checked=schema_validation)
        draft.answer = {} if auto_answer else None
        draft.record_call = {"format": record_format, "stereo": record_stereo} if record_call else None
        draft.urls.tools = default_webhook_url
        self._declared = Declared(
            name,
            route,
            (sip,) if isinstance(sip, str) else tuple(sip),
            fallback,
            draft,
            on_failure,
            Alone(host, port, basic_auth, token_expiry_secs, signing_key, swaig_secret),
            shared_state=(shared_state,) if isinstance(shared_state, str) else tuple(shared_state),
            busy=busy,
            description=_first_line(type(self)) if description is None else description.strip(),
            examples=examples_by_language(name, examples),
        )
        if native_functions:
            self.set_native_functions(native_functions)
        if self.PROMPT_SECTIONS is not None:
            draft.prompt.sections = PromptSections.from_json(list(class_sections(self.PROMPT_SECTIONS)))
        for attribute, declaration in declarations(type(self)).items():
            self._add_tool(Tool.define(declaration.name or attribute, getattr(self, attribute), **declaration.options))

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """What the agent keeps open while it is served, such as clients and pools; a subclass says what.

        Entered once in every process that serves the agent, before its first request, and left when it is served no
        longer, both in one task on the event loop. It has ``build_timeout`` seconds to begin; where it
        fails, the agent is set aside.
        """
        yield

    def get_name(self) -> str:
        """The agent's name."""
        return self._declared.name


def _first_line(cls: type) -> str:
    """The first line of a class's own docstring."""
    doc = "" if cls is AgentBase else inspect.cleandoc(cls.__doc__ or "")
    return doc.partition("\n")[0].strip()


def declared(agent: AgentBase) -> Declared:
    """What ``agent`` has said of itself.

    Raises:
        DefinitionError: it is no agent, or its ``__init__`` never called ``super().__init__``.
    """
    if not isinstance(agent, AgentBase):
        msg = f"{type(agent).__name__} is no agent: it must be an instance of a subclass of agenthost.AgentBase."
        raise DefinitionError(msg)
    return agent._declared  # noqa: SLF001 - the host's door to what AgentBase keeps


def seal(agent: AgentBase) -> Template:
    """Freeze ``agent``'s configuration and encode its document.

    Raises:
        DefinitionError: the document cannot be used as it is, or holds something that JSON cannot carry.
    """
    own = declared(agent)
    template = Template.seal(own.draft) if own.elsewhere is None else own.elsewhere.template
    own.sealed = True
    return template


def release(agent: AgentBase) -> None:
    """Let an agent that is no longer served be configured, and mounted, again."""
    declared(agent).sealed = False


def serve_state(agent: AgentBase, key: str, stores: Stores) -> None:
    """Let an agent reach its state.

    Args:
        agent: the agent.
        key: what the host calls it; its own store goes by this name.
        stores: the host's stores.
    """
    own = declared(agent)
    own.key, own.stores = key, stores


def runnable(agent: AgentBase, tool: Tool) -> Tool:
    """A tool as a call runs it: through the agent's ``on_function_call``, where its class has one of its own."""
    if not overrides(agent, "on_function_call"):
        return tool
    hook = agent.on_function_call
    return evolve(
        tool,
        handler=partial(hook, tool.name),
        arguments=AnyArguments(),
        is_async=inspect.iscoroutinefunction(hook),
    )


def overrides(agent: Any, method: str) -> bool:
    """Whether an agent's class says something of its own in a method of AgentBase."""
    return getattr(type(agent), method) is not getattr(AgentBase, method)
