"""Start: configuration with its secrets, log, runtime, and the plan of installed packages."""

from __future__ import annotations

import os
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote

from attrs import evolve

from agenthost._discovery import AGENTS, PLUGINS, discover
from agenthost._host.access.credentials import Credentials
from agenthost._host.access.generated_secrets import check_state_dir, kept_secret, new_password, new_signing_key
from agenthost._host.access.tokens import Tokens
from agenthost._host.generations.contents import Readings
from agenthost._host.generations.lock import known_owners, read_lock
from agenthost._host.generations.record import write_record
from agenthost._host.packages.approval import unapproved
from agenthost._host.plan.load import load
from agenthost._host.plan.plan import HostPlan, make_plan
from agenthost._host.runtime.runtime import Runtime
from agenthost._host.runtime.settings import Settings
from agenthost._host.telemetry.records import redact_records
from agenthost._host.telemetry.secret_redactor import SecretRedactor
from agenthost._private_files import check_database
from agenthost.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._host.config.schema import Config
    from agenthost._host.packages.diagnosis import Diagnosis

__all__ = [
    "accepted",
    "credentials_of",
    "installed_plan",
    "make_runtime",
    "remember",
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
    host = config.host
    _check_kept(config)
    if not host.accepted_passwords:
        host = evolve(host, kept_password=kept_secret(host.state_dir, "password", new_password))
    if not host.token_keys:
        host = evolve(host, kept_key=kept_secret(host.state_dir, "signing_key", new_signing_key))
    return evolve(config, host=host)


def _check_kept(config: Config) -> None:
    """Reject files of the host that another user may have created, or can read."""
    directory = config.host.state_dir
    with suppress(OSError):  # an unreadable file is rejected where it is needed
        check_state_dir(directory)
        if config.state.scheme == "sqlite":
            check_database(os.path.join(directory, unquote(config.state.address.partition(":///")[2])), "state.url")  # noqa: PTH118


def start_logging(config: Config, *, for_people: bool = False) -> None:
    """Write the log to standard error, unless the program has set up its own.

    See ``agenthost._host.telemetry.log``.

    With ``for_people``, a person reads along: text rather than JSON, and only warnings, unless the configuration sets
    either.
    """
    from agenthost._host.telemetry.log import start_log  # noqa: PLC0415 - lists write none

    if for_people:
        level = "warning" if config.host.log_level == "info" else config.host.log_level
        form = "text" if config.host.log_format == "auto" else config.host.log_format
        config = evolve(config, host=evolve(config.host, log_level=level, log_format=form))
    start_log(config)


def credentials_of(config: Config) -> Credentials:
    """Return the credentials of callers, from a configuration with its secrets."""
    first, *others = [password.reveal() for password in config.host.accepted_passwords] or [""]
    return Credentials(config.host.user, first, tuple(others))


def tokens_of(config: Config) -> Tokens:
    """Return the tokens of a configuration with its secrets."""
    return Tokens([key.reveal().encode() for key in config.host.token_keys])


def settings_of(config: Config) -> Settings:
    """Return what a host serves by, of a configuration that has its secrets."""
    return Settings(config, credentials_of(config), tokens_of(config))


def make_runtime(config: Config) -> Runtime:
    """Return the runtime of a configuration.

    From here on the log does not show the secrets of the configuration.
    """
    redact_records(SecretRedactor(config))
    return Runtime(settings_of(config))


def installed_plan(config: Config, deadly: Mapping[str, Diagnosis] = MappingProxyType({})) -> HostPlan:
    """Discover, load and plan the installed packages.

    ``deadly`` are distributions that are known to end the process, each with the reason; they are not loaded.
    """
    from agenthost._host.telemetry.log import join_structlog  # noqa: PLC0415 - as above

    candidates, lock = discover((AGENTS, PLUGINS)), read_lock(config)
    owners = known_owners(config, lock)
    refused = unapproved(candidates, lock, Readings.of_host(config)) | dict(deadly)
    loaded = load(config, candidates, owners=owners, unapproved=refused)
    join_structlog()
    return make_plan(config, loaded)


def remember(config: Config, plan: HostPlan) -> None:
    """Store the holders of keys, routes and SIP aliases of a served plan."""
    if plan.installed:
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
