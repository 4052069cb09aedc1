"""Tools and documents of a host, as the contracts try them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings, strategies

from agenthost.testing.arguments import arguments_for
from agenthost.testing.snapshots import stable

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from agenthost.testing.hosts.host import HermeticHost

__all__ = ["document", "functions", "stable_document", "try_tools"]

_EXAMPLES = 12


def document(host: HermeticHost, route: str, call_id: str = "call-1", **fields: Any) -> Any:
    """Return the document of an agent for one call."""
    response = host.request("POST", route, json={"call_id": call_id, **fields})
    assert response.status == 200, f"the document of {route} is answered with {response.status}: {response.text[:200]}"
    return response.json()


def stable_document(host: HermeticHost, route: str, call_id: str = "call-1", **fields: Any) -> Any:
    """Return the document of an agent for one call, without everything random."""
    return stable(document(host, route, call_id, **fields))


def functions(described: Any) -> list[dict[str, Any]]:
    """Return the functions that a document describes and that its host runs, with their URLs."""
    found: list[dict[str, Any]] = []
    for verb in described["sections"]["main"]:
        swaig = verb["ai"].get("SWAIG", {}) if "ai" in verb else {}
        default = swaig.get("defaults", {}).get("web_hook_url")
        for function in swaig.get("functions", ()):
            url = function.get("web_hook_url", default)
            if url is not None and "data_map" not in function:
                found.append({**function, "web_hook_url": url})
    return found


def try_tools(host: HermeticHost, route: str, untried: Collection[str], *, fitting: bool) -> None:
    """Call every tool of an agent with arguments from its schema, and check the answers."""
    for function in functions(document(host, route)):
        if function["function"] not in untried:
            _try(host, function, fitting=fitting)


def _try(host: HermeticHost, function: Mapping[str, Any], *, fitting: bool) -> None:
    name, schema = function["function"], function.get("parameters", {"type": "object"})

    @settings(
        max_examples=_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(arguments_for(schema, fitting=fitting) if schema.get("properties") else strategies.just({}))
    def answered(arguments: dict[str, Any]) -> None:
        body = {"function": name, "call_id": "call-1", "argument": {"parsed": [arguments]}}
        response = host.request("POST", function["web_hook_url"], json=body)
        assert response.status == 200, f"{name}({arguments}) is answered with {response.status}"
        said = response.json()
        assert "error_id" not in said, f"{name}({arguments}) failed: the caller hears {said.get('response')!r}"
        assert isinstance(said["response"], str), f"{name}({arguments}) has no answer in words"

    answered()
