"""Options that decide which agents are served, and by how many replicas."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, field, frozen

from agenthost_ray.canary import READY, CanaryError, built_agents
from agenthost_ray.files import Front, Placed, Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    BuildIn = Callable[[Mapping[str, Any]], list[dict[str, Any]]]

__all__ = ["Placing", "placing"]


_options = (
    click.option("--config", "file", metavar="FILE", help="The configuration file, on every machine."),
    click.option("--only", multiple=True, metavar="AGENT", help="Place only this agent; repeatable."),
    click.option(
        "--replicas",
        multiple=True,
        metavar="[AGENT=]MIN[:MAX]",
        help="Replicas of an agent, or of all; autoscaling with MAX; repeatable.  [default: 1]",
    ),
    click.option(
        "--scale-after",
        metavar="UP:DOWN",
        help="Seconds of more, or less, load after which replicas are added, or removed.  [default: 10:300]",
    ),
    click.option(
        "--cpus",
        type=click.FloatRange(0, min_open=True),
        help="Logical CPUs of each replica.  [default: 0.25]",
    ),
    click.option(
        "--runtime-env",
        multiple=True,
        metavar="AGENT=JSON",
        help='Environment of an agent, such as \'billing={"pip": ["agenthost-billing==2.0"]}\'; repeatable.',
    ),
    click.option(
        "--ingress-replicas",
        type=click.IntRange(1),
        help="Replicas of the ingress, which every request passes.  [default: 1]",
    ),
)


def placing(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command."""
    for option in reversed(_options):
        function = option(function)
    return function


@frozen(kw_only=True)
class Placing:
    """The options, read.

    Args:
        config: the path of the configuration file, or None.
        only: the keys of the agents to place; all if there are none.
        replicas: the least and the most replicas by key, and those of all others under an empty key.
        scale_after: seconds after which replicas are added, and removed, if they are given.
        cpus: logical CPUs of each replica, if they are given.
        environments: the environments of agents, by key.
        ingress: the replicas of the ingress, if they are given.
        before: what is placed on the cluster, if anything is.
    """

    config: str | None = None
    only: tuple[str, ...] = ()
    replicas: Mapping[str, tuple[int, int]] = field(factory=dict)
    scale_after: tuple[float, float] | None = None
    cpus: float | None = None
    environments: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    ingress: int | None = None
    before: Mapping[str, Any] = field(factory=lambda: {"agents": [], "failed": []})

    @classmethod
    def of(
        cls,
        file: str | None,
        replicas: Sequence[str],
        scale_after: str | None,
        runtime_env: Sequence[str],
        ingress_replicas: int | None,
        **others: Any,
    ) -> Placing:
        """Read the options.

        Raises:
            UsageError: one of them is malformed.
        """
        given = file or os.environ.get("AGENTHOST_CONFIG")
        given = given or ("agenthost.toml" if Path("agenthost.toml").exists() else None)
        environments = _by_agent("--runtime-env", runtime_env)
        return cls(
            config=str(Path(given).resolve()) if given is not None else None,
            replicas={name: _range(text) for name, text in _by_agent("--replicas", replicas).items()},
            scale_after=_delays(scale_after) if scale_after is not None else None,
            environments={name: _object(name, text) for name, text in environments.items()},
            ingress=ingress_replicas,
            **others,
        )

    def front(self, build_in: BuildIn) -> tuple[Front, dict[str, dict[str, Any]]]:
        """Build the agents, and return the ingress that serves them, and all rows.

        What no option names stays as it is on the cluster.

        Raises:
            UsageError: an option names an agent that there is not, or ``--only`` leaves agents with other settings.
            ClickException: they cannot be built.
        """
        environments = {**{row["agent"]: row["runtime_env"] for row in self._placed}, **self.environments}
        try:
            built = built_agents({name: each for name, each in environments.items() if each}, build_in)
        except CanaryError as error:
            raise click.ClickException(str(error)) from error
        self._refuse_unknown(built)
        rows = {key: row for key, row in built.items() if not self.only or key in self.only}
        ready = [key for key, row in rows.items() if row["state"] == READY]
        agents = [Placed(rows[key], self._scale(key), environments.get(key, {})) for key in ready]
        failed = {*rows} - {*ready} | {*(self.before["failed"] if self.only else ())}
        settings = next((row["settings"] for row in built.values()), "")
        replicas = self.ingress or self.before.get("replicas", 1)
        return Front((*agents, *self._others(settings)), tuple(sorted(failed)), replicas, settings), rows

    @property
    def _placed(self) -> Sequence[Mapping[str, Any]]:
        rows: Sequence[Mapping[str, Any]] = self.before["agents"]
        return rows

    def _refuse_unknown(self, rows: Mapping[str, Any]) -> None:
        """Refuse names of agents that there are not.

        Raises:
            UsageError: there is such a name.
        """
        for name in (*self.only, *filter(None, self.replicas), *self.environments):
            if name not in rows:
                known = ", ".join(sorted(rows)) or "there is none"
                raise click.UsageError(f"{name!r} is not an installed agent: {known}.")

    def _scale(self, key: str) -> Scale:
        kept = next((Scale(**row["scale"]) for row in self._placed if row["agent"] == key), Scale())
        least, most = self.replicas.get(key) or self.replicas.get("") or (kept.least, kept.most)
        up, down = self.scale_after or (kept.up, kept.down)
        return evolve(kept, least=least, most=most, cpus=self.cpus or kept.cpus, up=up, down=down)

    def _others(self, settings: str) -> list[Placed]:
        """Return the agents that ``--only`` leaves as they are.

        Raises:
            UsageError: the configuration has changed for them.
        """
        rows = [row for row in self._placed if self.only and row["agent"] not in self.only]
        if rows and self.before["settings"] not in ("", settings):
            raise click.UsageError(
                f"{self.config} or its lock file has changed, which concerns all agents. fix: omit --only"
            )
        return [Placed(row, Scale(**row["scale"]), row["runtime_env"]) for row in rows]


def _by_agent(option: str, given: Sequence[str]) -> dict[str, str]:
    """Return values by agent. One for all has an empty name."""
    pairs = [text.partition("=") if "=" in text else ("", "=", text) for text in given]
    if option == "--runtime-env" and any(not name for name, _, _ in pairs):
        raise click.UsageError(f"{option}: write AGENT=JSON.")
    return {name: value for name, _, value in pairs}


def _range(text: str) -> tuple[int, int]:
    least, _, most = text.partition(":")
    most = most or least
    if not (least.isdecimal() and most.isdecimal()) or int(most) < max(1, int(least)):
        raise click.UsageError(f"--replicas {text}: write a number, or MIN:MAX.")
    return int(least), int(most)


def _delays(text: str) -> tuple[float, float]:
    up, _, down = text.partition(":")
    if not (up.isdecimal() and down.isdecimal() and int(up)):
        raise click.UsageError(f"--scale-after {text}: write UP:DOWN, in whole seconds.")
    return float(up), float(down)


def _object(key: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"--runtime-env {key}: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError(f"--runtime-env {key}: it must be a JSON object.")
    return value
