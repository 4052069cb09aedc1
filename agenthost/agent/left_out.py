"""Names of SignalWire's SDK that agenthost does not have, with their replacements.

docs/reference/sdk-names.md lists them, with every other name of the SDK.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["OF_AGENTS", "OF_SERVERS", "OF_THE_PACKAGE", "PAGE", "RefusedNames", "advice"]

PAGE = "docs/reference/sdk-names.md"

_ALONGSIDE = "the SDK, installed next to agenthost"
_FILE = "`agenthost.toml`"
_HOST = "the host, which does this itself"
_SKILLS = "`importlib.metadata.entry_points(group='agenthost.skills')`"
_TYPED = "`AgentBase.tool`, which reads the signature"
_VERBS = "`AgentBase.register_verb_handler`, which takes any object with `get_verb_name` and `validate_config`"

OF_THE_PACKAGE = {
    "AIVerbHandler": "`AgentBase`, which writes the verb `ai`",
    "AuthHandler": _HOST,
    "ConfigLoader": _FILE,
    "HostAppRouter": "`AgentBase.as_router`",
    "NormalizedPostPrompt": _ALONGSIDE,
    "PomBuilder": "`PromptObjectModel`, or `AgentBase.prompt_add_section`",
    "PromptManager": "`AgentBase.prompt_add_section` and the like",
    "SWMLVerbHandler": _VERBS,
    "SchemaUtils": "`agenthost swml --validate`",
    "Section": "`PromptObjectModel.add_section`",
    "SecurityConfig": _FILE,
    "SessionManager": _HOST,
    "SkillBase": "`Skill`",
    "SkillManager": "`AgentBase.add_skill`, `remove_skill` and `list_skills`",
    "SkillRegistry": _SKILLS,
    "SwmlRenderer": "`AgentBase.render`, which returns a whole document",
    "ToolDecorator": "`AgentBase.tool`",
    "ToolRegistry": "`AgentBase.define_tool`",
    "VerbHandlerRegistry": _VERBS,
    "apply_gate_fields": "`gates` of `AgentBase.define_tool`",
    "create_typed_handler_wrapper": _TYPED,
    "declared_capabilities": _ALONGSIDE,
    "dialogue_turns": _ALONGSIDE,
    "filter_sensitive_headers": _HOST,
    "gate_definitions": "`gates` of `AgentBase.define_tool`",
    "get_execution_mode": "`AgentBase.run`, which reads the environment",
    "has_capability": _ALONGSIDE,
    "infer_schema": _TYPED,
    "is_serverless_mode": "`AgentBase.run`, which reads the environment",
    "is_valid_hostname": _HOST,
    "make_webhook_validation_dependency": "`signing_key` of `AgentBase`",
    "normalize_post_prompt": _ALONGSIDE,
    "parse_post_prompt_data": _ALONGSIDE,
    "redact_url": _HOST,
    "reset_logging_configuration": "the host, which configures the log by `log_level` and `log_format`",
    "security_config": _FILE,
    "skill_registry": _SKILLS,
    "strip_control_chars": _HOST,
    "strip_json_fence": _ALONGSIDE,
    "user_variables": _ALONGSIDE,
    "validate": "`signing_key` of `AgentBase`",
    "validate_request": "`signing_key` of `AgentBase`",
    "validate_url": _ALONGSIDE,
    "validate_webhook_signature": "`signing_key` of `AgentBase`",
    "validate_webhook_signature_sha256": "`signing_key` of `AgentBase`",
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
    "list_skills": _SKILLS,
    "list_skills_with_params": "`Skill.Settings` of each entry point in the group `agenthost.skills`",
    "register_skill": "packages with an entry point in the group `agenthost.skills`",
}
"""Names of the package ``signalwire``, and of its modules that programs import from."""

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
