"""SIP: addresses, aliases, rules, and their resolution (wire.md, section 4).

All of it is pure: nothing here asks the network or a plugin, and nothing raises for what a caller sends.
"""

from __future__ import annotations

from agenthost.sip.aliases import AliasTable, SipAlias, squashed
from agenthost.sip.call import SipCall
from agenthost.sip.uri import SipUri, user_of

__all__ = ["AliasTable", "SipAlias", "SipCall", "SipUri", "squashed", "user_of"]
