"""Locked packages: the values of a lock file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from agenthost._host.config.declaration import Table, setting
from agenthost._host.config.value_types import NAMES, TEXT, whole
from agenthost._host.generations.owners import Owners, full_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.config.host_table import HostConfig

__all__ = ["FORMAT", "Lock", "LockedAgent", "LockedDistribution", "Root"]

FORMAT = 1
"""The version of the format that is written."""


@frozen(kw_only=True, eq=False, repr=False)
class LockedAgent(Table):
    """``[distributions.<name>.agents.<name>]``: one agent as it was decided."""

    key: str = setting("", TEXT, "Its name in configuration and on the command line")
    name: str = setting("", TEXT, "Its own name, where that is another one")
    route: str | None = setting(None, TEXT, "Where it is mounted")
    tools: tuple[str, ...] = setting((), NAMES, "Names of its tools")
    sip: tuple[str, ...] = setting((), NAMES, "User parts of SIP addresses that reach it")
    settings: tuple[str, ...] = setting((), NAMES, "Keys of its own that its section may have")
    variables: tuple[str, ...] = setting((), NAMES, "Variables of the environment that its processes may see")


@frozen(kw_only=True, eq=False, repr=False)
class LockedDistribution(Table):
    """``[distributions.<name>]``: one installed package as it was decided."""

    version: str = setting("", TEXT, "Its version", required=True)
    hashes: tuple[str, ...] = setting((), NAMES, "Digests of its contents, of each platform", required=True)
    hooks: tuple[str, ...] = setting((), NAMES, "Hooks that its plugins implement")
    skills: tuple[str, ...] = setting((), NAMES, "Names of its skills")
    commands: tuple[str, ...] = setting((), NAMES, "Names of its commands")
    agents: Mapping[str, LockedAgent] = field(factory=dict)


@frozen(kw_only=True, eq=False, repr=False)
class Root(Table):
    """The keys of a lock file outside of its tables."""

    format: int = setting(FORMAT, whole(1), "Version of this format", required=True)


@frozen(eq=False, repr=False)
class Lock:
    """A lock file."""

    place: str
    distributions: Mapping[str, LockedDistribution] = field(factory=dict)
    dependencies: Mapping[str, str] = field(factory=dict)
    """Version of each distribution that those require, directly and indirectly."""
    closed: bool = False
    """True if another version of one of these keeps the packages that require it from being loaded."""

    def agent(self, candidate: Candidate) -> LockedAgent | None:
        """Return a locked agent, or None if its package has another version."""
        locked = self.distributions.get(candidate.distribution)
        if locked is None or locked.version != candidate.version:
            return None
        return locked.agents.get(candidate.name)

    def needed_by(self, host: HostConfig, distribution: str) -> bool:
        """Return True if a host serves agents of a locked distribution, or it has none."""
        agents = self.distributions[distribution].agents
        return not agents or any(
            host.serves(*filter(None, (agent.key, name, full_key(distribution, name), agent.route)))
            for name, agent in agents.items()
        )

    @property
    def versions(self) -> dict[str, str]:
        """The version of each distribution, those that others require included."""
        return {**self.dependencies, **{name: each.version for name, each in self.distributions.items()}}

    @property
    def owners(self) -> Owners:
        """The holders of short keys, routes and SIP aliases."""
        agents = [
            (full_key(distribution, name), agent, distribution)
            for distribution, each in self.distributions.items()
            for name, agent in each.agents.items()
        ]
        return Owners(
            {agent.key: distribution for _, agent, distribution in agents if agent.key and ":" not in agent.key},
            {agent.route: full for full, agent, _ in agents if agent.route},
            {user: full for full, agent, _ in agents for user in agent.sip},
            self.place,
        )

    def with_hashes_of(self, earlier: Lock | None) -> Lock:
        """Return the lock with digests that other platforms added for the same versions."""
        if earlier is None:
            return self
        kept = {}
        for name, each in self.distributions.items():
            before = earlier.distributions.get(name)
            known = before.hashes if before is not None and before.version == each.version else ()
            kept[name] = evolve(each, hashes=tuple(dict.fromkeys((*each.hashes, *known))))
        return evolve(self, distributions=kept)
