"""Names of SignalWire's SDK that agenthost does not have, with their replacements.

docs/reference/sdk-names.md lists them, with every other name of the SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["OF_AGENTS", "OF_SERVERS", "OF_THE_PACKAGE", "PAGE", "RefusedNames", "advice"]

PAGE = "docs/reference/sdk-names.md"

_ALONGSIDE = "the SDK, installed next to agenthost"
_FILE = "`agenthost.toml`"

OF_THE_PACKAGE = {
    "AIChatClient": _ALONGSIDE,
    "BedrockAgent": "`AgentBase` with `render`, which can return `amazon_bedrock` in place of `ai`",
    "RestClient": _ALONGSIDE,
    "SWAIGFunction": "`AgentBase.define_tool`",
    "SWMLBuilder": "`AgentBase.add_verb`, or `render`, which returns a whole document",
    "SWMLService": "`AgentBase` with `add_verb`, or `render`, which returns a whole document",
    "SchemaValidationError": "`DefinitionError`",
    "WebService": "`AgentServer.serve_static_files`",
    "add_skill_directory": "packages with an entry point in the group `agenthost.skills`",
    "configure_logging": "the host, which configures the log by `log_level` and `log_format`",
    "list_skills": "`importlib.metadata.entry_points(group='agenthost.skills')`",
    "list_skills_with_params": "`Skill.Settings` of each entry point in the group `agenthost.skills`",
    "register_skill": "packages with an entry point in the group `agenthost.skills`",
}
"""Names of the package ``signalwire``."""

OF_AGENTS = {
    "domain": f"`public_url` in {_FILE}",
    "full_validation_enabled": "`agenthost swml --validate`",
    "handle_request": "`get_app()`, an ASGI application that any test client calls",
    "handle_serverless_request": "`run(event, context)`",
    "mount": "`AgentServer`, whose `app` has `get` and `post`, or any ASGI application that mounts `get_app()`",
    "schema_utils": "`agenthost swml --validate`",
    "security": f"{_FILE}",
    "set_inference_params": "`set_prompt_llm_params`",
    "set_llm_model": "`set_prompt_llm_params`",
    "set_llm_temperature": "`set_prompt_llm_params`",
    "set_voice": "`add_language`",
    "skill_manager": "`add_skill`, `remove_skill` and `list_skills`",
    "ssl_cert_path": "a proxy that ends TLS",
    "ssl_enabled": "a proxy that ends TLS",
    "ssl_key_path": "a proxy that ends TLS",
    "verb_registry": "`schema_validation=False`, which accepts any verb",
}
"""Names of the SDK's agents, its ``BedrockAgent`` included."""

OF_SERVERS: dict[str, str] = {}
"""Names of the SDK's ``AgentServer``."""


def advice(what: str, name: str, table: dict[str, str]) -> str | None:
    """Return the replacement of a missing name in a sentence.

    Return None for a name that the SDK lacks, too.
    """
    if (replacement := table.get(name)) is None:
        return None
    return f"{what} has no {name!r}, as signalwire-sdk does. fix: use {replacement.replace('`', '')} (see {PAGE})"


class RefusedNames:
    """Missing names of the SDK raise an AttributeError that names the replacement."""

    if not TYPE_CHECKING:  # with this, a type checker would accept any name

        def __getattr__(self, name: str) -> object:
            """Reject a name that nothing defines."""
            kind = type(self).__name__
            raise AttributeError(advice(kind, name, OF_AGENTS) or f"{kind!r} object has no attribute {name!r}")
