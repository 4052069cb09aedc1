"""The provider that opens the configured store, and names that packages share in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from agenthost._host.config.place import key_path
from agenthost._host.installer.environment import installer
from agenthost.agent.base import declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.plugins import PluginState
    from agenthost._host.packages.stages import Built, Mounted
    from agenthost.state import StateProvider

__all__ = ["ChosenProvider", "choose_provider", "refused_names", "shared_names"]

_PLUGINS = {
    "redis": "agenthost-redis",
    "rediss": "agenthost-redis",
    "valkey": "agenthost-redis",
    "valkeys": "agenthost-redis",
    "postgresql": "agenthost-postgres",
    "postgres": "agenthost-postgres",
}


@frozen(eq=False)
class ChosenProvider:
    """The provider of the configured store, or the problem."""

    provider: StateProvider | None = None
    """The provider; None when there is none."""
    problem: str | None = None
    scheme: str = ""
    plugin: str | None = None

    def report(self) -> dict[str, str | None]:
        """Return the choice as data, with only the scheme of the URL."""
        return {"store": f"{self.scheme}://", "plugin": self.plugin}


def choose_provider(
    config: Config, providers: Sequence[tuple[str, StateProvider]], plugins: Iterable[PluginState] = ()
) -> ChosenProvider:
    """Choose the provider for the scheme of the configured URL.

    ``plugins`` are the installed ones, including failed and disabled ones.
    """
    scheme = config.state.scheme
    fitting = [(key, provider) for key, provider in providers if scheme in provider.schemes]
    where = config.place("state", "url")
    if not fitting:
        known = sorted({f"{each}://" for _, provider in providers for each in provider.schemes})
        distribution = _PLUGINS.get(scheme)
        installed = next((plugin for plugin in plugins if plugin.distribution == distribution), None)
        if installed is not None:
            remedy = _lift(installed)
        else:
            schemes = f"The schemes are: {', '.join(known)}"
            remedy = f"fix: {installer().install(distribution)}" if distribution else schemes
        return ChosenProvider(problem=f"{where}: no plugin opens {scheme}:// stores. {remedy}.", scheme=scheme)
    if len(fitting) > 1:
        names = " and ".join(key for key, _ in fitting)
        disable = fitting[-1][0].rpartition(":")[2]
        remedy = f'Choose one in agenthost.toml: [plugins] disable = ["{disable}"]'
        return ChosenProvider(problem=f"{where}: {names} both open {scheme}:// stores. {remedy}.", scheme=scheme)
    [(key, provider)] = fitting
    return ChosenProvider(provider, None, scheme, key)


def _lift(plugin: PluginState) -> str:
    """Explain why an installed plugin is not used, and the fix."""
    whose = f"{plugin.distribution} {plugin.version} is installed, but {plugin.state}"
    if plugin.diagnosis is None:
        return f"{whose}. fix: let [plugins] only, or disable, in agenthost.toml allow {plugin.name!r}"
    return f"{whose}: {plugin.diagnosis.reason}. fix: {plugin.diagnosis.remedy}"


def shared_names(agents: Iterable[Mounted]) -> Iterator[str]:
    """Yield a sentence about each shared store that several distributions declare."""
    sharing: dict[str, dict[str, list[str]]] = {}
    for agent in agents:
        for name in declared(agent.agent).shared_state:
            sharing.setdefault(name, {}).setdefault(agent.distribution, []).append(agent.key)
    for name, by in sorted(sharing.items()):
        if len(by) > 1:
            who = ", ".join(f"{distribution} ({', '.join(keys)})" for distribution, keys in sorted(by.items()))
            yield f"the shared state {name!r} is read and written by several packages: {who}"


def refused_names(config: Config, agents: Iterable[Mounted | Built]) -> Iterator[str]:
    """Yield a sentence about each shared store that an isolated agent may not use."""
    for agent in agents:
        own = declared(agent.agent)
        refused = [repr(name) for name in own.shared_state if name not in agent.config.shared_state]
        if own.own_process is not None and refused:
            place, section = config.place("agents", agent.key, "shared_state"), key_path("agents", agent.key)
            says = f"the isolated agent {agent.key!r} may not use the shared state {', '.join(refused)}"
            names = ", ".join(f'"{name}"' for name in own.shared_state)
            yield f"{place}: {says}. fix: write shared_state = [{names}] in [{section}]"
