"""SIP sources: rules, aliases and functions from configuration and plugins, with problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from agenthost._host.config.schema import SipConfig
from agenthost._host.packages.builtin_plugins import BUILT_IN
from agenthost.hosting import HostedAgent
from agenthost.sip.aliases import SipAlias
from agenthost.sip.coverage import overlaps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agenthost._host.packages.plugins import Plugins
    from agenthost._host.packages.stages import Mounted
    from agenthost.sip.aliases import AliasTable

__all__ = ["SipSources", "origins", "sip_aliases"]

_ORIGINS = ("registered user", "", "declared alias", "automatic alias")
"""Origins of the aliases of each tier. Those of the second tier already have one."""


@frozen(eq=False)
class SipSources:
    """The parts of SIP routing from configuration and plugins."""

    config: SipConfig = field(factory=SipConfig)
    """``[sip]``."""
    aliases: tuple[tuple[str, SipAlias], ...] = ()
    """Aliases that plugins declare, each with its plugin's key."""

    @property
    def asked_for(self) -> list[tuple[str, SipAlias]]:
        """The aliases that plugins declare."""
        return [pair for pair in self.aliases if not pair[1].automatic]

    @property
    def automatic(self) -> list[tuple[str, SipAlias]]:
        """The aliases that give way to all others."""
        return [pair for pair in self.aliases if pair[1].automatic]

    @property
    def shadowed(self) -> list[str]:
        """Warnings about rules that lose some callers to earlier ones."""
        return overlaps(self.config.rules)[1]

    def problems(self, served: Mapping[str, str], set_aside: Mapping[str, str], aliases: AliasTable) -> list[str]:
        """Return warnings about unreachable rules, and named agents that are not served."""

        def missing(agent: str) -> str:
            state = set_aside.get(agent)
            if state == "elsewhere":
                why = "which host.agents leaves to another host"
            else:
                why = f"which is {state}" if state in ("disabled", "quarantined") else "which is not served"
            return f"{agent!r}, {why}: no other agent answers these callers but a default one"

        config = self.config
        found = [
            f"{rule.place}: {rule.label}: {key} names {missing(agent)}"
            for rule in config.rules
            for key, agent in rule.agents
            if agent not in served
        ]
        if config.default is not None and config.default not in served:
            state = set_aside.get(config.default, "not served")
            found.append(f"{config.default_place}: sip.default names {config.default!r}, which is {state}")
        found += [
            f"SIP alias {alias.user!r} of plugin {plugin} names {missing(alias.agent)}"
            for plugin, alias in self.asked_for
            if alias.agent not in served and aliases.agents.get(alias.compared) == alias.agent
        ]
        return [*found, *overlaps(config.rules)[0]]


def sip_aliases(plugins: Plugins, agents: Iterable[Mounted]) -> tuple[tuple[str, SipAlias], ...]:
    """Return the aliases of plugins, each with its plugin's key."""
    known = tuple(HostedAgent(each.key, each.name, each.route, each.sip, each.again) for each in agents)
    return plugins.values("sip_aliases", SipAlias, agents=known)


def origins(
    table: AliasTable,
    before: Mapping[str, str],
    declared: Iterable[SipAlias],
    plugins: Iterable[tuple[str, SipAlias]],
) -> dict[str, str]:
    """Return the origin of each alias of a table.

    The tiers of the table are registered aliases, kept ones, those of agents and plugins, and automatic ones.
    ``plugins`` are aliases that plugins declare, each with its plugin's key.
    """
    own = {alias.compared for alias in declared}
    plugins = tuple(plugins)
    automatic = {
        alias.compared: f"automatic alias of {plugin}"
        for plugin, alias in plugins
        if alias.automatic and plugin not in BUILT_IN
    }
    others = {alias.compared: f"plugin alias of {plugin}" for plugin, alias in plugins if not alias.automatic}

    def kept_origin(user: str) -> str:
        return _ORIGINS[2] if user in own else others.get(user) or automatic.get(user, _ORIGINS[-1])

    return {
        user: before.get(user) or kept_origin(user)
        if tier == 1
        else others[user]
        if tier == 2 and user in others and user not in own  # noqa: PLR2004 - the third tier
        else automatic.get(user, _ORIGINS[tier])
        if tier == len(_ORIGINS) - 1
        else _ORIGINS[tier]
        for user, tier in table.tiers.items()
    }
