"""SIP: addresses, aliases, rules, and their resolution (wire.md, section 4).

Everything here is pure: it calls neither the network nor a plugin, and no input of a caller makes it raise.
"""

from __future__ import annotations

from agenthost.sip.aliases import AliasTable, SipAlias, squashed
from agenthost.sip.call import SipCall
from agenthost.sip.uri import SipUri, user_of

__all__ = ["AliasTable", "SipAlias", "SipCall", "SipUri", "squashed", "user_of"]
