"""Start: configuration with its secrets, log, runtime, and the plan of installed packages.

The supervisor imports this module and nothing of the agents, so what builds them is imported where it is used.
"""

# ruff: noqa: PLC0415 - the supervisor's memory

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from agenthost.errors import ConfigurationError, PlanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._discovery import Candidate
    from agenthost._host.access.credentials import Credentials
    from agenthost._host.access.tokens import Tokens
    from agenthost._host.config.schema import Config
    from agenthost._host.generations.contents import Readings
    from agenthost._host.generations.locked import Lock
    from agenthost._host.packages.diagnosis import Diagnosis
    from agenthost._host.packages.stages import Built
    from agenthost._host.plan.plan import HostPlan
    from agenthost._host.published.settings import Settings
    from agenthost._host.runtime.runtime import Runtime

__all__ = [
    "DecidedPackages",
    "accepted",
    "credentials_of",
    "decided_packages",
    "installed_plan",
    "make_runtime",
    "read_again",
    "remember",
    "report_generated",
    "settings_of",
    "start_logging",
    "tokens_of",
    "with_secrets",
]


def with_secrets(config: Config) -> Config:
    """Return the configuration with a password and a signing key.

    They are the configured ones, else those in the state directory.

    Raises:
        ConfigurationError: they can neither be read nor stored, or others can access the host's files.
    """
    from agenthost._host.access.disabled_agents import without_disabled
    from agenthost._host.access.generated_secrets import kept_secret, new_password, new_signing_key

    host = config.host
    _check_kept(config)
    if not host.accepted_passwords:
        host = evolve(host, kept_password=kept_secret(host.state_dir, "password", new_password))
    if not host.token_keys:
        host = evolve(host, kept_key=kept_secret(host.state_dir, "signing_key", new_signing_key))
    return without_disabled(evolve(config, host=host))


def read_again(config: Config) -> tuple[Config, tuple[str, ...]]:
    """Read the configuration again, from the same source.

    Returns:
        The configuration, with everything that needs a restart as it was; and the keys of that which have changed.

    Raises:
        ConfigurationError: the configuration is wrong.
    """
    from agenthost._host.config.changes import changes, with_kept
    from agenthost._host.config.declaration import RESTART
    from agenthost._host.config.load import load_config

    file, overrides = config.asked
    read = load_config(file, os.environ, overrides)
    restart = tuple(change.key for change in changes(config, read) if change.effect == RESTART)
    return with_secrets(with_kept(config, read, (RESTART,))), restart


def _check_kept(config: Config) -> None:
    """Reject files of the host that another user may have created, or can read."""
    from agenthost._host.access.generated_secrets import check_state_dir
    from agenthost._private_files import check_database

    directory = config.host.state_dir
    with suppress(OSError):  # an unreadable file is rejected where it is needed
        check_state_dir(directory)
        if config.state.scheme == "sqlite":
            file = config.state.address.partition(":///")[2]
            check_database(os.path.join(directory, _unquoted(file) if "%" in file else file), "state.url")  # noqa: PTH118


def _unquoted(path: str) -> str:
    from urllib.parse import unquote

    return unquote(path)


def start_logging(config: Config, *, for_people: bool = False) -> None:
    """Write the log to standard error, unless the program has set up its own.

    See ``agenthost._host.telemetry.log``.

    With ``for_people``, a person reads along: text rather than JSON, and only warnings, unless the configuration sets
    either.
    """
    from agenthost._host.telemetry.log import start_log

    if for_people:
        level = "warning" if config.host.log_level == "info" else config.host.log_level
        form = "text" if config.host.log_format == "auto" else config.host.log_format
        config = evolve(config, host=evolve(config.host, log_level=level, log_format=form))
    start_log(config)


def report_generated(config: Config) -> None:
    """Log generated secrets that several instances would not share."""
    from agenthost._host.access.generated_secrets import not_shared

    if (sentence := not_shared(config, os.environ)) is not None:
        logging.getLogger("agenthost").warning("%s", sentence)


def credentials_of(config: Config) -> Credentials:
    """Return the credentials of callers, from a configuration with its secrets."""
    from agenthost._host.access.credentials import Credentials

    first, *others = [password.reveal() for password in config.host.accepted_passwords] or [""]
    return Credentials(config.host.user, first, tuple(others))


def tokens_of(config: Config, clock: Callable[[], float] = time.time) -> Tokens:
    """Return the tokens of a configuration with its secrets."""
    from agenthost._host.access.tokens import Tokens

    return Tokens([key.reveal().encode() for key in config.host.token_keys], clock=clock)


def settings_of(config: Config, clock: Callable[[], float] = time.time) -> Settings:
    """Return what a host serves by, of a configuration that has its secrets."""
    from agenthost._host.published.settings import Settings

    return Settings(config, credentials_of(config), tokens_of(config, clock), clock)


def make_runtime(config: Config, clock: Callable[[], float] = time.time) -> Runtime:
    """Return the runtime of a configuration.

    From here on the log does not show the secrets of the configuration.
    """
    from agenthost._host.runtime.runtime import Runtime
    from agenthost._host.telemetry.records import redact_records
    from agenthost._host.telemetry.secrets.redactor import SecretRedactor

    redact_records(SecretRedactor(config))
    return Runtime(settings_of(config, clock))


@frozen(eq=False)
class DecidedPackages:
    """The packages of one generation, as they were when it began."""

    candidates: tuple[Candidate, ...]
    lock: Lock | None
    refused: Mapping[str, Diagnosis]
    """Distributions that must not be loaded, each with the reason."""
    changes: tuple[str, ...] = ()
    """Sentences about packages that changed the process while they were loaded, before the plan is made."""
    stand_ins: Mapping[str, Built] = MappingProxyType({})
    """By full key, what takes the place of an agent that must not be loaded."""


def decided_packages(
    config: Config, deadly: Mapping[str, Diagnosis] = MappingProxyType({}), readings: Readings | None = None
) -> DecidedPackages:
    """Discover the installed packages, and compare them with the lock file.

    ``deadly`` are distributions that are known to end the process, each with the reason. ``readings`` are those of the
    state directory; None opens them.

    Raises:
        ConfigurationError: the lock file cannot be used.
    """
    from agenthost._discovery import AGENTS, PLUGINS, discover
    from agenthost._host.generations.contents import Readings
    from agenthost._host.generations.lock import lock_path, read_lock
    from agenthost._host.packages.approval import unapproved

    candidates, lock = discover((AGENTS, PLUGINS)), read_lock(config)
    if lock is None and config.host.build == "lazy":
        raise ConfigurationError(
            f'{config.place("host", "build")}: "lazy" needs {lock_path(config)}, which does not exist. '
            "fix: agenthost lock writes it"
        )
    refused = unapproved(candidates, lock, readings or Readings.of_host(config))
    return DecidedPackages(candidates, lock, refused | dict(deadly))


def installed_plan(
    config: Config,
    deadly: Mapping[str, Diagnosis] = MappingProxyType({}),
    packages: DecidedPackages | None = None,
    *,
    serving: bool = False,
    lazy: bool = False,
) -> HostPlan:
    """Load and plan the installed packages.

    ``deadly`` are distributions that are known to end the process, each with the reason; they are not loaded.
    ``packages`` are those of an earlier decision; None discovers them. With ``serving``, what only requests need is
    imported, too. With ``lazy``, agents that the configuration lets wait are built later.
    """
    from agenthost._host.generations.lock import known_owners
    from agenthost._host.plan.load import load
    from agenthost._host.plan.plan import make_plan
    from agenthost._host.telemetry.log import join_structlog

    packages = packages or decided_packages(config, deadly)
    owners = known_owners(config, packages.lock)
    loaded = load(
        config,
        packages.candidates,
        owners=owners,
        unapproved=packages.refused,
        stand_ins=packages.stand_ins,
        lock=packages.lock if lazy and config.host.build == "lazy" else None,
        serving=serving,
    )
    join_structlog()
    return make_plan(config, evolve(loaded, changes=tuple(dict.fromkeys((*packages.changes, *loaded.changes)))))


def remember(config: Config, plan: HostPlan) -> None:
    """Store the holders of keys, routes and SIP aliases of a served plan.

    A package that is not installed holds nothing.
    """
    from agenthost._host.generations.record import write_record

    if plan.installed and not config.sourced:
        write_record(config, plan.held())


def accepted(config: Config, plan: HostPlan) -> HostPlan:
    """Return the plan, or reject it.

    It is rejected if the configured store cannot be opened here, a section that restricts fits no agent, or the
    configuration is strict and something failed.

    Raises:
        PlanError: the plan is rejected.
    """
    if config.state.url is not None and plan.state.problem is not None:
        raise PlanError(plan.state.problem)
    if plan.refusals:
        raise PlanError("; ".join(plan.refusals))
    if config.host.strict and plan.problems:
        reasons = [f"{item.key}: {item.diagnosis.reason}" for item in plan.failed if item.diagnosis]
        reasons += [f"{p.name}: {p.diagnosis.reason}" for p in plan.plugins if p.diagnosis]
        msg = "host.strict: not everything can be served: " + "; ".join([*reasons, *plan.warnings])
        raise PlanError(msg)
    return plan
