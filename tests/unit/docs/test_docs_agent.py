"""The reference page of AgentBase says what the class does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import agenthost
from agenthost import AgentBase
from agenthost.agent.left_out import OF_AGENTS

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "agent.md").read_text(encoding="utf-8")
DESCRIBED, LEFT_OUT = PAGE.split("## Not included")

FIELD = [
    "PROMPT_SECTIONS",
    "SUPPORTED_INTERNAL_FILLER_NAMES",
    "add_answer_verb",
    "add_function_include",
    "add_hint",
    "add_hints",
    "add_internal_filler",
    "add_language",
    "add_mcp_server",
    "add_pattern_hint",
    "add_per_call_config",
    "add_post_ai_verb",
    "add_post_answer_verb",
    "add_pre_answer_verb",
    "add_pronunciation",
    "add_section",
    "add_skill",
    "add_swaig_query_params",
    "add_verb",
    "add_verb_to_section",
    "as_router",
    "auto_map_sip_usernames",
    "clear_post_ai_verbs",
    "clear_post_answer_verbs",
    "clear_pre_answer_verbs",
    "clear_swaig_query_params",
    "contexts",
    "define_contexts",
    "define_tool",
    "define_tools",
    "enable_debug_events",
    "enable_debug_routes",
    "enable_mcp_server",
    "enable_sip_routing",
    "extract_sip_username",
    "full_validation_enabled",
    "get_app",
    "get_basic_auth_credentials",
    "get_document",
    "get_full_url",
    "get_language_params",
    "get_name",
    "get_post_prompt",
    "get_prompt",
    "handle_request",
    "handle_serverless_request",
    "has_skill",
    "lifespan",
    "list_skills",
    "manual_set_proxy_url",
    "mount",
    "on_call_end",
    "on_call_start",
    "on_debug_event",
    "on_function_call",
    "on_request",
    "on_summary",
    "on_swml_request",
    "prompt_add_section",
    "prompt_add_subsection",
    "prompt_add_to_section",
    "prompt_has_section",
    "register_routing_callback",
    "register_sip_username",
    "register_swaig_function",
    "register_verb_handler",
    "remove_skill",
    "render_document",
    "reset_contexts",
    "reset_document",
    "run",
    "serve",
    "set_dynamic_config_callback",
    "set_function_includes",
    "set_global_data",
    "set_internal_fillers",
    "set_language_params",
    "set_languages",
    "set_multilingual",
    "set_native_functions",
    "set_param",
    "set_params",
    "set_post_prompt",
    "set_post_prompt_llm_params",
    "set_post_prompt_url",
    "set_prompt_llm_params",
    "set_prompt_pom",
    "set_prompt_text",
    "set_pronunciations",
    "set_semantic_gates",
    "set_web_hook_url",
    "setup_graceful_shutdown",
    "stop",
    "tool",
    "update_global_data",
    "validate_basic_auth",
    "validate_tool_token",
]
"""Public names of the AgentBase that agents in the field are written against (SignalWire's SDK 3.7.5)."""

PUBLIC = [name for name in dir(AgentBase) if not name.startswith("_")]


def arguments(method):
    """A method's arguments as the page writes them."""
    written, keywords_only = [], False
    for name, parameter in inspect.signature(method).parameters.items():
        if name == "self":
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            written.append(f"**{name}")
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords_only:
            keywords_only = True
            written.append("*")
        written.append(name if parameter.default is parameter.empty else f"{name}={parameter.default!r}")
    return ", ".join(written)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_name_is_described(name):
    """A method has its signature and its summary, and leads to its entry.

    Other attributes have their names.
    """
    value = inspect.getattr_static(AgentBase, name)
    if isinstance(value, staticmethod):
        value = value.__func__
    if inspect.isfunction(value):
        summary = inspect.getdoc(value).partition("\n")[0]
        entry = f"names/agent-names.md#agentbase{name.lower()}"
        assert f"| [`{name}({arguments(value)})`]({entry}) | {summary.replace('``', '`')} |" in DESCRIBED
    else:
        assert f"`{name}`" in DESCRIBED


def test_nothing_else_is_described():
    """A method that went leaves the page too."""
    described = re.findall(r"^\| \[`(\w+)\(", DESCRIBED, re.MULTILINE)

    assert [name for name in described if name not in PUBLIC] == []


@pytest.mark.parametrize("name", FIELD)
def test_every_name_of_the_field_is_there_or_left_out(name):
    """An author who moves an agent finds each name, or its replacement."""
    left_out = re.findall(
        r"`(\w+)`", "".join(row.split("|")[1] for row in LEFT_OUT.splitlines() if row.startswith("|"))
    )

    assert (name in PUBLIC) is not (name in left_out)


@pytest.mark.parametrize("name", OF_AGENTS)
def test_a_name_that_is_left_out_has_its_replacement(name):
    """The page and the error have the same one."""
    with pytest.raises(AttributeError) as caught:
        getattr(AgentBase("a"), name)

    [row] = [row for row in LEFT_OUT.splitlines() if f"`{name}`" in row.partition(" | ")[0]]
    assert row.split("|")[2].strip().replace("`", "") in str(caught.value)


def test_names_that_the_page_of_the_sdk_calls_the_same_are_here():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "sdk-names.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+)\n\nThe same names: (.*)\.$", page, re.MULTILINE)
    found = {(owner, name) for owner, names in sections for name in re.findall(r"`(\w+)`", names)}
    found |= {
        ("", name) for name in re.findall(r"^\| `(\w+)` \| the same name \|$", page.split("\n## ")[1], re.MULTILINE)
    }

    assert len(found) > 200
    assert {(owner, name) for owner, name in found if not _is_here(owner, name)} == set()


def _is_here(owner, name):
    kind = getattr(agenthost, owner) if owner else agenthost
    return hasattr(kind, name) or name in getattr(kind, "__annotations__", {})


def test_every_argument_of_the_constructor_is_described():
    names = list(inspect.signature(AgentBase).parameters)

    assert names == re.findall(r"^\| `(\w+)` \|", DESCRIBED.split("## Prompt")[0], re.MULTILINE)
