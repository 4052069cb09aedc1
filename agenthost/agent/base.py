"""AgentBase: the base class of agents.

Its methods describe the agent: prompt, languages, tools (``agenthost.vocabulary``). They act on a ``Draft``
(``agenthost.swml``) until the host mounts the agent. From then on they raise ``AgentSealed``, while ordinary attributes
stay the author's own.
"""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these flags by position

from __future__ import annotations

import inspect
import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from attrs import evolve

from agenthost.agent.declared import NO_OPTIONS, Declared, ServingOptions
from agenthost.agent.document_call import DocumentCall
from agenthost.agent.left_out import RefusedNames
from agenthost.agent.skills import opens
from agenthost.agent.vocabulary import Vocabulary
from agenthost.agent.vocabulary.calls import request_hooks
from agenthost.agent.vocabulary.prompts import class_sections
from agenthost.conversation.classifiers import examples_by_language
from agenthost.errors import DefinitionError
from agenthost.prompt import Prompt, PromptSections
from agenthost.swml import Draft, Template
from agenthost.tools.arguments import PassedOn
from agenthost.tools.tool import Tool, declarations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from agenthost.agent.declared import HostFacts
    from agenthost.state import Stores
    from agenthost.swml import Addresses
    from agenthost.tools.swaig import Call

__all__ = [
    "FALLBACK",
    "AgentBase",
    "Declared",
    "declared",
    "document_of",
    "lifespan_of",
    "overrides",
    "release",
    "runnable",
    "seal",
    "serve_facts",
    "serve_state",
]

FALLBACK = "I'm sorry, something went wrong on my side. Please try again in a moment."
"""The default sentence for the caller when a tool fails."""
_OF_AUTHORS = frozenset({"host", "log", "pom", "port", "run", "serve", "state", "stop"})
"""Names that only authors and their programs use, so that a tool may have one of them."""


class AgentBase(Vocabulary, RefusedNames):
    """A voice or chat agent: a prompt, languages, and tools that a model may call.

    Args:
        name: the agent's name.
        route: its route, such as ``/sales``, unless the host's configuration sets another. Defaults to ``/`` and the
            name of the agent's entry point.
        host: address to listen on when it is served alone. Defaults to the host's own choice.
        port: port to listen on when it is served alone. Defaults to the host's own choice.
        basic_auth: user and password when it is served alone.
        use_pom: False leaves out the prompt's sections, and uses only its text.
        token_expiry_secs: lifetime of its tokens in seconds. Defaults to the host's.
        auto_answer: False leaves the verb ``answer`` out of the document.
        record_call: whether calls are recorded.
        record_format: ``mp4``, ``mp3`` or ``wav``.
        record_stereo: whether caller and agent have a channel each.
        default_webhook_url: see ``set_web_hook_url``.
        agent_id: a name for this instance, stored as ``agent_id``. Defaults to a random one.
        native_functions: see ``set_native_functions``.
        schema_path: has no effect. ``agenthost swml --validate`` checks a document against a schema.
        suppress_logs: has no effect, as the host does the logging.
        enable_post_prompt_override: has no effect.
        check_for_input_override: has no effect.
        config_file: must be left out. Configure an agent in ``agenthost.toml``.
        schema_validation: False accepts unknown verbs and native functions.
        signing_key: verifies the signatures of this agent's requests. The host's own is ``SIGNALWIRE_SIGNING_KEY``.
        trust_proxy_for_signature: has no effect. Signatures are checked against the host's public URL.
        swaig_secret: signs this agent's tokens. The host's own is ``SIGNALWIRE_SWAIG_SECRET``.
        sip: user parts of SIP addresses that reach it, such as ``("sales", "orders")``.
        fallback: full sentence for the caller when one of its tools, or its document, fails.
        on_failure: next step after its document failed: ``hangup``, a number, a SIP address, or the URL of a document.
        shared_state: names of stores that it shares with other agents, such as ``("customers",)``. See
            ``shared_state["customers"]``.
        busy: sentence for the caller when the agent is at its limit. Defaults to the host's.
        description: its purpose in a sentence, for classifiers, other agents and lists. Defaults to the first line of
            the class's docstring.
        examples: example messages: a list, or lists by language code, such as ``{"en": [...], "es": [...]}``.

    Raises:
        DefinitionError: the name is empty, or another argument is wrong.
    """

    name: str
    route: str
    agent_id: str

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
            msg = f"agent {name!r}: config_file is not read. fix: write its content to agenthost.toml: [agents.{name}]"
            raise DefinitionError(msg)
        if not isinstance(on_failure, str) or not on_failure.strip():
            msg = f"agent {name!r}: on_failure must be 'hangup', a number, an address or a URL, not {on_failure!r}."
            raise DefinitionError(msg)
        if description is not None and not isinstance(description, str):
            msg = f"agent {name!r}: description must be a sentence, not {type(description).__name__}."
            raise DefinitionError(msg)
        self.name = name
        self.route = route or "/"
        self.agent_id = agent_id or str(uuid.uuid4())
        draft = Draft(name, Prompt(use_sections=use_pom), checked=schema_validation)
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
            _options(host, port, basic_auth, token_expiry_secs, signing_key, swaig_secret),
            shared_state=(shared_state,) if isinstance(shared_state, str) else tuple(shared_state),
            busy=busy,
            description=_first_line(type(self)) if description is None else description.strip(),
            examples=examples_by_language(name, examples),
        )
        self._declared.per_call = request_hooks(type(self), AgentBase)
        if native_functions:
            self.set_native_functions(native_functions)
        if self.PROMPT_SECTIONS is not None:
            draft.prompt.sections = PromptSections.from_json(list(class_sections(self.PROMPT_SECTIONS)))
        for attribute, declaration in declarations(type(self)).items():
            if attribute not in _OF_AUTHORS and (
                hasattr(AgentBase, attribute) or attribute in AgentBase.__annotations__
            ):
                raise DefinitionError(_taken(attribute))
            self._add_tool(Tool.define(declaration.name or attribute, getattr(self, attribute), **declaration.options))

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Open resources for the time that the agent is served, such as clients and pools.

        Override it in a subclass. It is entered once in every process that serves the agent, before its first request,
        and left when it is served no longer, both in one task on the event loop. It has ``build_timeout`` seconds to
        start. If it fails, the agent is quarantined.
        """
        yield

    def get_name(self) -> str:
        """Return the agent's name."""
        return self._declared.name


def _options(*given: Any) -> ServingOptions:
    return NO_OPTIONS if all(each is None for each in given) else ServingOptions(*given)


def _taken(name: str) -> str:
    return (
        f"tool {name!r} would replace {name} of AgentBase. fix: give the method another name, and write "
        f'@AgentBase.tool("{name}") to keep that of the tool'
    )


def _first_line(cls: type) -> str:
    """Return the first line of a class's own docstring."""
    doc = "" if cls is AgentBase else inspect.cleandoc(cls.__doc__ or "")
    return doc.partition("\n")[0].strip()


def declared(agent: AgentBase) -> Declared:
    """Return the declaration of an agent.

    Raises:
        DefinitionError: the object is not an agent, or its ``__init__`` never called ``super().__init__``.
    """
    if not isinstance(agent, AgentBase):
        msg = f"{type(agent).__name__} is not an agent: it is not an instance of agenthost.AgentBase."
        raise DefinitionError(msg)
    return agent._declared  # noqa: SLF001 - the host's access to the declaration


def seal(agent: AgentBase) -> Template:
    """Freeze ``agent``'s configuration and encode its document.

    Raises:
        DefinitionError: the document is wrong, or has a value that is not JSON.
    """
    own = declared(agent)
    template = Template.seal(own.draft).kept() if own.own_process is None else own.own_process.template
    own.sealed = True
    return template


def document_of(agent: AgentBase, addresses: Addresses) -> dict[str, Any]:
    """Return the document of an agent, or of its copy for one call.

    Raises:
        DefinitionError: the document is wrong.
    """
    own = declared(agent)
    if not overrides(agent, "render"):
        return own.draft.build(addresses)
    document = agent.render(DocumentCall(own.asked, own.draft, addresses))
    if not isinstance(document, dict) or not isinstance(document.get("sections"), dict):
        raise DefinitionError(f"agent {own.name!r}: render must return a document, an object with 'sections'.")
    return document


def release(agent: AgentBase) -> None:
    """Make an agent that is no longer served configurable and mountable again."""
    declared(agent).sealed = False


def lifespan_of(agent: AgentBase) -> Callable[[], AbstractAsyncContextManager[None]] | None:
    """Return the lifespan of an agent with those of its skills, or None."""
    own = declared(agent)
    skills = [] if own.own_process is not None else [added.skill for added in own.draft.skills.values()]
    makers = [skill.lifespan for skill in skills if skill is not None and opens(skill)]
    makers += [agent.lifespan] if overrides(agent, "lifespan") else []
    if len(makers) <= 1:
        return makers[0] if makers else None

    @asynccontextmanager
    async def all_of_them() -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for make in makers:
                await stack.enter_async_context(make())
            yield

    return all_of_them


def serve_facts(agent: AgentBase, route: str, facts: Callable[[], HostFacts]) -> None:
    """Give an agent its route, and facts about its host.

    An agent that a program has registered keeps those of its program.
    """
    own = declared(agent)
    agent.route = route
    if own.facts is None:
        own.facts = facts


def serve_state(agent: AgentBase, key: str, stores: Stores) -> None:
    """Connect an agent to its state.

    Args:
        agent: the agent.
        key: its key on the host, which names its own store.
        stores: the host's stores.
    """
    own = declared(agent)
    own.key, own.stores = key, stores


def runnable(agent: AgentBase, tool: Tool) -> Tool:
    """Return a tool that runs through the agent's ``on_function_call``, if that is overridden."""
    if not overrides(agent, "on_function_call"):
        return tool
    hook = agent.on_function_call

    def handler(given: Mapping[str, Any], call: Call) -> Any:
        return hook(tool.name, dict(given), call.raw_data)

    return evolve(
        tool,
        handler=handler,
        arguments=PassedOn(tool.parameters, tool.arguments.accepted),
        on_loop=inspect.iscoroutinefunction(hook),
    )


def overrides(agent: Any, method: str) -> bool:
    """Return True if an agent's class overrides a method of AgentBase."""
    return getattr(type(agent), method) is not getattr(AgentBase, method)
