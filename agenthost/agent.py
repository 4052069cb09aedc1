"""AgentBase: what an agent package subclasses.

Its methods describe the agent: prompt, languages, tools. They act on a ``Draft`` (``agenthost.swml``) until the host
mounts the agent; from then on they raise ``AgentSealed``, while ordinary attributes stay the author's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, Self, TypeVar, overload

from attrs import define

from agenthost.errors import AgentSealed, DefinitionError
from agenthost.swml import Draft, Template
from agenthost.tools import Tool, ToolDeclaration, declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["FALLBACK", "AgentBase", "Declared", "declared", "release", "seal"]

FALLBACK = "I'm sorry, something went wrong on my side. Please try again in a moment."
"""What a caller hears when a tool fails and its agent has no sentence of its own."""

P = ParamSpec("P")
R = TypeVar("R")


@define
class Declared:
    """What an agent has said of itself, kept apart from the attributes that belong to its author.

    Args:
        name: the agent's name.
        route: the route it asks for, or None.
        sip: user parts of SIP addresses that should reach it.
        fallback: what the caller hears when one of its tools fails.
        draft: the document it describes.
        sealed: whether the host serves it.
    """

    name: str
    route: str | None
    sip: tuple[str, ...]
    fallback: str
    draft: Draft
    sealed: bool = False


class AgentBase:
    """A voice or chat agent: a prompt, languages, and tools that a model may call.

    Args:
        name: the agent's name, as other agents and people call it.
        route: where it is mounted, such as ``/sales``; the host's configuration may decide otherwise. Left out, it is
            ``/`` and the name of the agent's entry point.
        sip: user parts of SIP addresses that should reach it, such as ``("sales", "orders")``.
        fallback: what the caller hears when one of its tools fails; a full sentence.

    Raises:
        DefinitionError: the name is empty, or a decorated tool cannot work.
    """

    def __init__(
        self, name: str, route: str | None = None, *, sip: Sequence[str] = (), fallback: str = FALLBACK
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            msg = f"{type(self).__name__}: name must be a word such as 'sales', not {name!r}."
            raise DefinitionError(msg)
        if route is not None and not isinstance(route, str):
            msg = f"agent {name!r}: route must be a path such as '/sales', not {type(route).__name__}."
            raise DefinitionError(msg)
        sip = (sip,) if isinstance(sip, str) else tuple(sip)
        self.name = name
        self.route = route
        self._declared = Declared(name, route, sip, fallback, Draft(name))
        for attribute, declaration in declarations(type(self)).items():
            self._add_tool(Tool.define(declaration.name or attribute, getattr(self, attribute), **declaration.options))

    # -- prompt ------------------------------------------------------------------------------------------------------

    def set_prompt_text(self, text: str) -> Self:
        """Use ``text`` as the prompt; sections, where there are any, follow it."""
        self._draft().prompt.set_text(text)
        return self

    def prompt_add_section(
        self,
        title: str,
        body: str = "",
        bullets: Sequence[str] | None = None,
        *,
        numbered: bool | None = None,
        numbered_bullets: bool = False,
        subsections: Sequence[dict[str, Any]] | None = None,
    ) -> Self:
        """Add a section to the prompt.

        Args:
            title: its heading.
            body: its text.
            bullets: its list, an item a line.
            numbered: whether its heading is numbered; None follows a numbered neighbour.
            numbered_bullets: whether the list is counted.
            subsections: dictionaries with ``title`` and ``body`` or ``bullets``.

        Raises:
            DefinitionError: a later section has no title, or a subsection cannot be used.
        """
        self._draft().prompt.sections.add_section(
            title,
            body,
            bullets,
            numbered=numbered,
            numbered_bullets=numbered_bullets,
            subsections=subsections,
        )
        return self

    def prompt_add_subsection(
        self, parent_title: str, title: str, body: str = "", bullets: Sequence[str] | None = None
    ) -> Self:
        """Add a subsection under the section called ``parent_title``, which is made when it is not there."""
        self._draft().prompt.sections.add_subsection(parent_title, title, body, bullets)
        return self

    def prompt_add_to_section(
        self,
        title: str,
        body: str | None = None,
        bullet: str | None = None,
        bullets: Sequence[str] | None = None,
    ) -> Self:
        """Add text or bullets to the section called ``title``, which is made when it is not there."""
        self._draft().prompt.sections.add_to_section(title, body, bullet, bullets)
        return self

    def prompt_has_section(self, title: str) -> bool:
        """Whether the prompt has a section called ``title``."""
        return self._declared.draft.prompt.sections.find_section(title) is not None

    # -- speech and model --------------------------------------------------------------------------------------------

    def add_language(
        self,
        name: str,
        code: str,
        voice: str,
        speech_fillers: Sequence[str] | None = None,
        function_fillers: Sequence[str] | None = None,
        engine: str | None = None,
        model: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Self:
        """Add a language that the agent speaks.

        Args:
            name: what people call it, such as ``English``.
            code: BCP 47, such as ``en-US``.
            voice: the voice's name; ``engine.voice:model`` names all three at once.
            speech_fillers: what is said while the model thinks.
            function_fillers: what is said while a tool runs.
            engine: the speech engine, when ``voice`` does not name it.
            model: the engine's model, when ``voice`` does not name it.
            params: settings of the engine.
        """
        self._draft().languages.append(
            language(name, code, voice, speech_fillers, function_fillers, engine, model, params)
        )
        return self

    def add_hint(self, hint: str) -> Self:
        """Add a word that callers are likely to say, such as a product's name."""
        return self.add_hints([hint])

    def add_hints(self, hints: Sequence[str]) -> Self:
        """Add several hints."""
        self._draft().hints.extend(hint for hint in hints if hint)
        return self

    def set_param(self, key: str, value: Any) -> Self:
        """Set one parameter of the model, such as ``end_of_speech_timeout`` (milliseconds)."""
        self._draft().params[key] = value
        return self

    def set_params(self, params: Mapping[str, Any]) -> Self:
        """Set several parameters of the model; others stay."""
        self._draft().params.update(params)
        return self

    def set_global_data(self, data: Mapping[str, Any]) -> Self:
        """Add to the data that every call starts with."""
        self._draft().global_data.update(data)
        return self

    def update_global_data(self, data: Mapping[str, Any]) -> Self:
        """Add to the data that every call starts with (the same as ``set_global_data``)."""
        return self.set_global_data(data)

    # -- tools -------------------------------------------------------------------------------------------------------

    def define_tool(
        self,
        name: str,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        handler: Callable[..., Any] | None = None,
        *,
        secure: bool = True,
        fillers: Mapping[str, Sequence[str]] | None = None,
        webhook_url: str | None = None,
        required: Sequence[str] | None = None,
        fallback: str | None = None,
        **fields: Any,
    ) -> Self:
        """Add a tool.

        Args:
            name: what the model calls it.
            description: when and how to use it; left out, the handler's docstring.
            parameters: JSON Schema or its properties; left out, they are read from the handler's type hints.
            handler: ``(args, raw_data)``, or typed parameters when ``parameters`` is left out; sync or async.
            secure: False lets a call in without a token.
            fillers: what is said while it runs, by language code.
            webhook_url: an address elsewhere that answers it; then no handler is needed.
            required: names of required properties.
            fallback: what the caller hears when it fails; left out, the agent's sentence.
            fields: further fields of the function's description, such as ``wait_file``.

        Raises:
            DefinitionError: the tool cannot work, or the agent has one of this name.
        """
        if handler is None:
            if webhook_url is None:
                msg = f"tool {name!r} of agent {self._declared.name!r} has neither a handler nor a webhook_url."
                raise DefinitionError(msg)
            handler = _answered_elsewhere
            parameters = {} if parameters is None else parameters
        self._add_tool(
            Tool.define(
                name,
                handler,
                description=description,
                parameters=parameters,
                required=required,
                secure=secure,
                webhook_url=webhook_url,
                fallback=fallback,
                fillers=fillers,
                **fields,
            )
        )
        return self

    @overload
    @staticmethod
    def tool(name: Callable[P, R]) -> Callable[P, R]: ...
    @overload
    @staticmethod
    def tool(name: str | None = None, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    @staticmethod
    def tool(name: Callable[P, R] | str | None = None, **options: Any) -> Any:
        """Make a method a tool: ``@AgentBase.tool``, or with the arguments of ``define_tool``.

        The method is plain, ``(self, args, raw_data)``, or typed: its parameters then become the tool's, described by
        its docstring. Either may be ``async``. A typed method may also ask for ``call`` (a ``Call``) or ``raw_data``.
        """
        if callable(name):
            ToolDeclaration(None, {}).mark(name)
            return name
        declaration = ToolDeclaration(name, options)

        def mark(function: Callable[P, R]) -> Callable[P, R]:
            declaration.mark(function)
            return function

        return mark

    def get_name(self) -> str:
        """The agent's name."""
        return self._declared.name

    def _draft(self) -> Draft:
        """The document while it can be changed."""
        if self._declared.sealed:
            msg = (
                f"agent {self._declared.name!r} is being served: what one caller says must not change what the next "
                "one hears. Configure it in __init__."
            )
            raise AgentSealed(msg)
        return self._declared.draft

    def _add_tool(self, tool: Tool) -> None:
        tools = self._draft().tools
        if tool.name in tools:
            msg = f"agent {self._declared.name!r} has two tools called {tool.name!r}; give one another name."
            raise DefinitionError(msg)
        tools[tool.name] = tool


def declared(agent: AgentBase) -> Declared:
    """What ``agent`` has said of itself.

    Raises:
        DefinitionError: its ``__init__`` never called ``super().__init__``.
    """
    try:
        return agent._declared  # noqa: SLF001 - the host's door to what AgentBase keeps
    except AttributeError:
        name = type(agent).__name__
        msg = f"{name}.__init__ never calls super().__init__(name=…); add that line."
        raise DefinitionError(msg) from None


def seal(agent: AgentBase) -> Template:
    """Freeze ``agent``'s configuration and encode its document.

    Raises:
        DefinitionError: the document holds something that JSON cannot carry.
    """
    own = declared(agent)
    template = Template.seal(own.draft)
    own.sealed = True
    return template


def release(agent: AgentBase) -> None:
    """Let an agent that is no longer served be configured, and mounted, again."""
    declared(agent).sealed = False


def language(
    name: str,
    code: str,
    voice: str,
    speech_fillers: Sequence[str] | None,
    function_fillers: Sequence[str] | None,
    engine: str | None,
    model: str | None,
    params: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """An entry of ``ai.languages``; ``engine.voice:model`` is taken apart when neither is given by itself."""
    entry: dict[str, Any] = {"name": name, "code": code, "voice": voice}
    if engine or model:
        entry |= {key: value for key, value in (("engine", engine), ("model", model)) if value}
    elif "." in voice and ":" in voice:
        spoken, _, named_model = voice.partition(":")
        named_engine, _, named_voice = spoken.partition(".")
        entry |= {"voice": named_voice, "engine": named_engine, "model": named_model}
    if speech_fillers and function_fillers:
        entry |= {"speech_fillers": list(speech_fillers), "function_fillers": list(function_fillers)}
    elif fillers := speech_fillers or function_fillers:
        entry["fillers"] = list(fillers)
    if params:
        entry["params"] = dict(params)
    return entry


def _answered_elsewhere(_args: Mapping[str, Any]) -> None:
    """Stands for the handler of a tool whose ``webhook_url`` is not this host."""
    msg = "this tool is answered by its own webhook_url"
    raise DefinitionError(msg)
