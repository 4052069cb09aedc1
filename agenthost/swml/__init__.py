"""The SWML document: draft, template and verbs (wire.md, section 3).

``Draft`` collects the author's configuration. ``Draft.build`` returns the document, with its parts in the order of the
contract. ``Template.seal`` encodes it once, with gaps only where calls differ: the public address and the tokens.
"""

from __future__ import annotations

from agenthost.swml.addresses import GENERATION, POST_PROMPT, Addresses, generation_parameter
from agenthost.swml.draft import CallDraft, Draft
from agenthost.swml.encoding import encode_document
from agenthost.swml.template import Template

__all__ = [
    "GENERATION",
    "POST_PROMPT",
    "Addresses",
    "CallDraft",
    "Draft",
    "Template",
    "encode_document",
    "generation_parameter",
]
