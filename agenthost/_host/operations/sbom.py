"""The software bill of materials of a host, in the form of CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from agenthost._host.generations.contents import contents_of
from agenthost._version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from agenthost._host.operations.hosted import Hosted

__all__ = ["sbom_files"]

_HOST = "host"
_UNKNOWN = "UNKNOWN"


def sbom_files(hosted: Iterable[Hosted], now: datetime) -> dict[str, str]:
    """Return the bill of materials, by file name.

    Each component has the digest of its content, as ``agenthost.lock`` has it, except for editable installs.

    Args:
        hosted: the distributions.
        now: the time, in UTC.
    """
    components = list(hosted)
    content = {
        "components": [_component(each) for each in components],
        "dependencies": [
            {"ref": _HOST, "dependsOn": [_reference(each) for each in components]},
            *({"ref": _reference(each), "dependsOn": _references(each, components)} for each in components),
        ],
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": "agenthost", "version": __version__}]},
            "component": {"type": "application", "bom-ref": _HOST, "name": "agenthost host"},
        },
        **content,
    }
    return {"agenthost.cdx.json": json.dumps(bom, indent=2, ensure_ascii=False) + "\n"}


def _component(each: Hosted) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": "library",
        "bom-ref": _reference(each),
        "name": each.name,
        "version": each.version,
        "purl": _reference(each),
    }
    if summary := _stated(each, "Summary"):
        told["description"] = summary
    if licences := _licences(each):
        told["licenses"] = licences
    contents = contents_of(each.location)
    if contents.digest and not contents.editable:
        told["properties"] = [{"name": "agenthost:digest", "value": contents.digest}]
    return told


def _licences(each: Hosted) -> list[dict[str, Any]]:
    """Return an SPDX expression (PEP 639), else the classifiers, else the field."""
    if expression := _stated(each, "License-Expression"):
        return [{"expression": expression}]
    classifiers = each.metadata.metadata.get_all("Classifier") or ()
    names = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: OSI Approved :: ")]
    if not names and (stated := _stated(each, "License")):
        names = [stated.splitlines()[0]]
    return [{"license": {"name": name}} for name in names]


def _stated(each: Hosted, field: str) -> str:
    text = (each.metadata.metadata.get_all(field) or [""])[0].strip()
    return "" if text == _UNKNOWN else text


def _reference(each: Hosted) -> str:
    return f"pkg:pypi/{each.name}@{each.version}"


def _references(each: Hosted, components: Iterable[Hosted]) -> list[str]:
    return [_reference(other) for other in components if other.name in each.requires]
