"""Selection: the agents that configuration and packages name, decided from metadata alone."""

# No unused generated code: every command that lists something pays for it.

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from agenthost._discovery import AGENTS, Candidate
from agenthost._error_words import did_you_mean
from agenthost._host.config.place import key_path
from agenthost._host.config.schema import AgentConfig, Config
from agenthost._host.generations.owners import Owners, full_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agenthost._host.config.schema import HostConfig
    from agenthost._host.generations.locked import Lock, LockedAgent
    from agenthost._host.packages.diagnosis import Diagnosis

__all__ = ["ContestedAgent", "SelectedAgent", "Selection", "select", "unmatched_patterns"]

_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NO_SECTION = AgentConfig()


@frozen(repr=False)
class SelectedAgent:
    """An agent to be served: a candidate with a key."""

    key: str
    candidate: Candidate
    config: AgentConfig
    owner: str = ""
    """The reason that it has its short key, for people; empty where its key is the full one."""
    here: bool = True
    """False if ``host.agents`` leaves it to another host."""
    full_key: str = field(init=False, eq=False)
    """The key that no other installed package can change."""

    @full_key.default
    def _full_key(self) -> str:
        return self.key if self.again else full_key(self.distribution, self.key.rpartition(":")[2])

    @classmethod
    def in_code(cls, key: str, config: AgentConfig, distribution: str, version: str = "") -> SelectedAgent:
        """Return an agent that no entry point offers."""
        return cls(key, Candidate("", key, "", distribution, version, ""), config)

    @property
    def served(self) -> bool:
        """True if this host is to serve it."""
        return self.here and self.config.enabled

    @property
    def left_out(self) -> str:
        """The state of an agent that is not to be served: ``disabled`` or ``elsewhere``."""
        return "elsewhere" if self.config.enabled else "disabled"

    @property
    def left_out_here(self) -> bool:
        """True if another host may serve it."""
        return not self.here and self.config.enabled

    def names(self, owners: Owners) -> tuple[str, ...]:
        """Return its keys, and its route if that is known before it is built.

        The configuration, a lock file or an earlier start decides it.
        """
        route = self.config.route or owners.route_of(self.full_key)
        return (self.key, self.full_key) if route is None else (self.key, self.full_key, route)

    def narrowed(self, host: HostConfig, owners: Owners) -> SelectedAgent:
        """Return the agent, which is not ``here`` if ``host.agents`` leaves it out."""
        return self if host.serves(*self.names(owners)) else evolve(self, here=False)

    @property
    def distribution(self) -> str:
        """The package that it comes from."""
        return self.candidate.distribution

    @property
    def version(self) -> str:
        """The version of that package."""
        return self.candidate.version

    @property
    def offer(self) -> Candidate | None:
        """Its entry point. None for an agent that is created in code."""
        return self.candidate if self.candidate.group == AGENTS else None

    @property
    def again(self) -> bool:
        """True if configuration mounts the candidate a second time, under another name."""
        return self.config.mounts_again(self.key)

    def locked_in(self, lock: Lock | None) -> LockedAgent | None:
        """Return its values in a lock file, if it has this version."""
        return None if lock is None or self.again else lock.agent(self.candidate)


@frozen(eq=False, repr=False, slots=False)
class ContestedAgent:
    """An agent that is not served, because its owner is undecided."""

    key: str
    candidate: Candidate
    diagnosis: Diagnosis


@frozen(eq=False, repr=False, slots=False)
class Selection:
    """The agents that configuration and packages name."""

    wanted: tuple[SelectedAgent, ...]
    contested: tuple[ContestedAgent, ...] = ()
    unfitting: dict[str, str] = field(factory=dict)
    """By section of ``[agents]`` that fits no agent, a sentence."""
    refusals: dict[str, str] = field(factory=dict)
    """By such a section that restricts an agent, a sentence; a host does not start with one."""


def select(config: Config, candidates: Iterable[Candidate], owners: Owners | None = None) -> Selection:
    """Give each agent its key and its section.

    The key is the short one, ``name``, where the agent's distribution owns that, else the full one,
    ``distribution:name``. A section under either key is the agent's. Where several distributions claim a name that
    nobody owns and that has a section, none of them is served: the section may restrict the other one.

    ``owners`` are holders of short keys, as a lock file or an earlier start decided.
    """
    offers = [candidate for candidate in candidates if candidate.group == AGENTS]
    claims: dict[str, list[Candidate]] = {}
    for offer in offers:
        claimants = claims.setdefault(offer.name, [])
        if all(each.distribution != offer.distribution for each in claimants):  # a doubled name counts once
            claimants.append(offer)
    choice = _Choice(config, owners or Owners())
    for name, claimants in claims.items():
        if _NAME.fullmatch(name):
            choice.settle(name, claimants)
        else:
            choice.refuse_name(name, claimants)
    place = {id(offer): number for number, offer in enumerate(offers)}
    choice.wanted.sort(key=lambda item: place[id(item.candidate)])
    choice.fit_sections(claims)
    host = config.host
    if host.serves():  # every agent
        return Selection(tuple(choice.wanted), tuple(choice.contested), choice.unfitting, choice.refusals)
    contested = [each for each in choice.contested if host.serves(each.key, each.candidate.name)]
    wanted = [each.narrowed(host, choice.owners) for each in choice.wanted]
    return Selection(tuple(wanted), tuple(contested), choice.unfitting, choice.refusals)


def unmatched_patterns(config: Config, names: Iterable[str]) -> list[str]:
    """Return a sentence about each pattern of ``host.agents`` that matches no agent or workflow.

    ``names`` are the keys, full keys and known routes of the agents.
    """
    known = [*names, *config.workflows]
    place = config.place("host", "agents")
    return [
        f"{place}: no agent matches {pattern!r}. {did_you_mean(pattern, known)}fix: agenthost agents lists all"
        for pattern in config.host.unmatched(known)
    ]


class _Choice:
    def __init__(self, config: Config, owners: Owners) -> None:
        self.config = config
        self.owners = owners
        self.wanted: list[SelectedAgent] = []
        self.contested: list[ContestedAgent] = []
        self.unfitting: dict[str, str] = {}
        self.refusals: dict[str, str] = {}
        self.used: set[str] = set()

    def settle(self, name: str, offers: list[Candidate]) -> None:
        """Decide the owner of a short key, and give each claimant its section."""
        owner, reason = self._owner(name, offers)
        sections = self.config.agents
        if owner is None and reason == "" and name in sections:
            self.used.add(name)
            self._contest(name, offers)
            return
        for offer in offers:
            owns = offer.distribution == owner
            if owns and not sections:  # which is almost every agent, and a host may have thousands
                self.wanted.append(SelectedAgent(name, offer, _NO_SECTION, reason))
                continue
            full = full_key(offer.distribution, name)
            if owns and name in sections and full in sections:
                self.used |= {name, full}
                problem = f"{self._at(name)} and {self._at(full)} are two sections of one agent"
                self._set_aside(offer, problem, f"keep one of them in {self.config.where}")
                continue
            key = name if owns else full
            section = sections.get(full) or (sections.get(name) if owns else None)
            if section is not None:
                self.used |= {key, full} & sections.keys()
            self.wanted.append(SelectedAgent(key, offer, section or _NO_SECTION, reason if owns else ""))

    def _owner(self, name: str, offers: list[Candidate]) -> tuple[str | None, str]:
        """Return the owner of a short key, and the reason.

        Without an owner, the reason is empty.
        """
        section = self.config.agents.get(name)
        if section is not None and section.use is not None:
            distribution, _, used = section.use.rpartition(":")
            return (distribution if used == name else None), str(self.config.place("agents", name, "use"))
        if (holder := self.owners.keys.get(name)) is not None:
            return holder, self.owners.place
        return (offers[0].distribution, "the only claimant") if len(offers) == 1 else (None, "")

    def _contest(self, name: str, offers: list[Candidate]) -> None:
        claimants = " and ".join(f"{offer.distribution} {offer.version}" for offer in offers)
        reason = f"{name!r} is offered by {claimants}, and {self._at(name)} may be meant for either"
        for offer in offers:
            line = f'[{self._at(name)}] use = "{full_key(offer.distribution, name)}" in {self.config.where}'
            self._set_aside(offer, reason, line)

    def refuse_name(self, name: str, offers: list[Candidate]) -> None:
        """Set aside agents whose names could be taken for another's key."""
        for offer in offers:
            reason = f"its entry point is called {name!r}, and only letters, digits, '.', '_' and '-' are allowed"
            self._set_aside(offer, reason, f"{offer.distribution} must rename it in the group {AGENTS}")

    def _set_aside(self, offer: Candidate, reason: str, remedy: str) -> None:
        from agenthost._host.packages.diagnosis import Diagnosis  # noqa: PLC0415 - seldom needed

        key = full_key(offer.distribution, offer.name)
        self.contested.append(ContestedAgent(key, offer, Diagnosis(reason, remedy)))

    def fit_sections(self, claims: dict[str, list[Candidate]]) -> None:
        """Mount what ``use`` names a second time, and find sections that fit nothing."""
        for key, section in self.config.agents.items():
            if key in self.used or not self.config.host.may_serve(key):
                continue
            distribution, _, name = (section.use or "").rpartition(":")
            offer = next((each for each in claims.get(name, ()) if each.distribution == distribution), None)
            if offer is not None and _NAME.fullmatch(name):
                self.wanted.append(SelectedAgent(key, offer, section, str(self.config.place("agents", key, "use"))))
            elif not section.optional:
                self._unfitting(key, section, claims)

    def _unfitting(self, key: str, section: AgentConfig, claims: dict[str, list[Candidate]]) -> None:
        at, holder = self._at(key), self.owners.keys.get(key)
        place = self.config.place("agents", key)
        if section.use is None and holder is not None and key in claims:
            others = claims[key]
            sentence = f"{place}: {key!r} belongs to {holder} by {self.owners.place}, and {holder} is not installed"
            line = f'[{at}] use = "{full_key(others[0].distribution, key)}"'
            remedy = f"agenthost owners forget {key}, or {line}" if len(others) == 1 else line
        else:
            sentence = f"{place}: no installed package offers {section.use or key!r}"
            remedy = "agenthost agents lists what there is"
        if section.restricts:
            optional = f"{at}.optional = true where it need not be installed"
            self.refusals[key] = f"{sentence}, and the section restricts it. fix: {remedy}; or {optional}"
        else:
            self.unfitting[key] = f"{sentence}. fix: {remedy}"

    def _at(self, key: str) -> str:
        return key_path("agents", key)
