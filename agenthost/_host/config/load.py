"""Configuration: ``agenthost.toml``, the environment and the command line, read into frozen values.

What each field means stands beside it and, for operators, in docs/reference/configuration.md.
"""

# No pathlib, and few classes: every command that lists something pays for them.
# ruff: noqa: PTH100, PTH109, PTH111, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, frozen

from agenthost._host.config.key_paths import key_path, refuse_unknown
from agenthost._host.config.schema import (
    FILE,
    AgentConfig,
    ClassifiersConfig,
    Config,
    ConversationConfig,
    HealthConfig,
    HostConfig,
    ModelsConfig,
    PluginsConfig,
    SipConfig,
    StateConfig,
    TelemetryConfig,
    TurnsConfig,
    WorkflowConfig,
    configured,
    state_dir,
)
from agenthost._host.config.secret_sources import resolve
from agenthost._host.config.value_types import KEYS, PASSWORD, Refused, shown
from agenthost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attrs import Attribute, AttrsInstance

__all__ = ["load_config", "variables"]

T = TypeVar("T", bound="AttrsInstance")
P = TypeVar("P", "HostConfig", "AgentConfig")

_PREFIX = "AGENTHOST_"
_NOT_FIELDS = ("AGENTHOST_CONFIG", "AGENTHOST_TRACE_HOOKS")
_OTHERS = 0o077
_PLACE = r" \(at (line \d+, column \d+|end of document)\)$"
_TABLES = (
    "host",
    "health",
    "telemetry",
    "state",
    "sip",
    "conversation",
    "models",
    "classifiers",
    "turns",
    "agents",
    "workflows",
    "plugins",
)
_PLAIN: Mapping[str, type[AttrsInstance]] = {
    "health": HealthConfig,
    "telemetry": TelemetryConfig,
    "state": StateConfig,
    "conversation": ConversationConfig,
    "turns": TurnsConfig,
}
"""Tables that hold nothing but fields."""


def variables(attribute: Attribute[object]) -> tuple[str, ...]:
    """Return the environment variables of a field of ``[host]``, the one that wins first."""
    own = () if attribute.metadata["kind"] is KEYS else (_PREFIX + attribute.name.upper(),)
    return (*own, *attribute.metadata["variables"])


@frozen(eq=False)
class _File:
    """A configuration file that was read, and what resolving its values takes."""

    where: str
    directory: str
    environ: Mapping[str, str]
    tables: Mapping[str, object]
    exposed: str = ""
    text: str = ""

    def table(self, name: str) -> Mapping[str, object]:
        return self.as_table(self.tables.get(name, {}), name)

    def as_table(self, value: object, key: str) -> Mapping[str, object]:
        if not isinstance(value, dict):
            raise ConfigurationError(f"{self.where}: {key}: {shown(value)} is not a table. Write [{key}].")
        return value

    def resolved(self, value: object, key: str) -> object:
        return resolve(value, self.where, key, self.environ, self.directory)

    def read(self, attribute: Attribute[object], value: object, table: str) -> object:
        name = attribute.name.rstrip("_")
        key = key_path(table, name)
        write = f"{name} = {_example(attribute)}"
        return _checked(attribute, self.resolved(value, key), f"{self.where}: {key}", write)

    def fill(self, cls: type[T], values: Mapping[str, object], table: str) -> T:
        known = configured(cls)
        read = {
            known[name].name: self.read(known[name], value, table) for name, value in values.items() if name in known
        }
        return cls(**read)

    def read_table(self, cls: type[T], name: str) -> T:
        return self.fill(cls, self.table(name), name)

    def beside(self, cls: type[AttrsInstance], values: Mapping[str, object], table: str) -> Mapping[str, object]:
        """Return what stands in a table beside the fields of ``cls``, secrets resolved."""
        known = configured(cls)
        return {
            name: self.resolved(value, key_path(table, name)) for name, value in values.items() if name not in known
        }


def load_config(
    file: str | None, environ: Mapping[str, str], overrides: Mapping[str, object] = MappingProxyType({})
) -> Config:
    """Read the configuration; the command line wins over the environment, and that over the file.

    Args:
        file: the path that ``--config`` names; otherwise ``AGENTHOST_CONFIG``, otherwise
            ``agenthost.toml`` in the current directory when there is one.
        environ: the environment.
        overrides: fields of ``[host]`` by name, as options said them; ``None`` stands for not said.

    Raises:
        ConfigurationError: something cannot be read or used; the text names the file or variable and the key,
            and never holds a secret.
    """
    name = file or environ.get("AGENTHOST_CONFIG") or (FILE if os.path.lexists(FILE) else None)
    opened = _open(name, environ) if name else _File(FILE, os.getcwd(), environ, {})
    refuse_unknown(opened.tables, _TABLES, opened.where, "")
    for table, cls in _PLAIN.items():
        refuse_unknown(opened.table(table), configured(cls), opened.where, table)
    host = _host(opened, overrides)
    return Config(
        host=host,
        health=opened.read_table(HealthConfig, "health"),
        telemetry=opened.read_table(TelemetryConfig, "telemetry"),
        state=_for_all(opened.read_table(StateConfig, "state"), host, opened.where),
        conversation=opened.read_table(ConversationConfig, "conversation"),
        models=_models(opened),
        turns=opened.read_table(TurnsConfig, "turns"),
        workflows={name: _workflow(opened, name, section) for name, section in opened.table("workflows").items()},
        sip=_sip(opened),
        classifiers=_classifiers(opened),
        agents={agent: _agent(opened, agent, section) for agent, section in opened.table("agents").items()},
        plugins=_plugins(opened),
        source=name,
        warnings=(*_exposed(opened), *_unknown_variables(environ)),
        asked=(os.path.abspath(name) if name else None, dict(overrides)),
    )


def _open(name: str, environ: Mapping[str, str]) -> _File:
    try:
        with open(name, "rb") as file:
            data, mode = file.read(), os.fstat(file.fileno()).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise ConfigurationError(
            f"{name}: the file cannot be read ({reason}). "
            "Name one that the host can read with --config or AGENTHOST_CONFIG."
        ) from error
    import tomllib  # noqa: PLC0415  # 8 ms that a host without a file need not pay

    try:
        tables = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name}: line {line}: this is not UTF-8 text. Save the file as UTF-8.") from error
    except RecursionError as error:
        raise ConfigurationError(f"{name}: values are nested too deeply. Write fewer levels.") from error
    except tomllib.TOMLDecodeError as error:
        text = str(error)
        place = re.search(_PLACE, text)
        at = f"{place[1]}: " if place else ""
        raise ConfigurationError(
            f"{name}: {at}{text.removesuffix(place[0] if place else '')}. Correct the TOML there."
        ) from error
    except ValueError as error:  # int() refuses more than 4300 digits
        raise ConfigurationError(f"{name}: a number is too long. Write one that fits 64 bits.") from error
    exposed = f"{mode & 0o777:04o}" if os.name == "posix" and mode & _OTHERS else ""
    return _File(name, os.path.dirname(os.path.abspath(name)), environ, tables, exposed, data.decode("utf-8-sig"))


def _host(opened: _File, overrides: Mapping[str, object]) -> HostConfig:
    known = configured(HostConfig)
    table = opened.table("host")
    refuse_unknown(table, known, opened.where, "host")
    refuse_unknown(overrides, known, "command line", "")
    values: dict[str, object] = {"state_dir": state_dir(opened.environ)}
    for name, attribute in known.items():
        variable = next((each for each in variables(attribute) if opened.environ.get(each)), None)
        if overrides.get(name) is not None:
            option = "--" + name.replace("_", "-")
            values[name] = _said(attribute, overrides[name], option, f"{option} ")
        elif variable is not None:
            values[name] = _said(attribute, opened.environ[variable], variable, f"{variable}=")
        elif name in table:
            values[name] = opened.read(attribute, table[name], "host")
            if name == "state_dir":
                values[name] = _located(str(values[name]), opened.directory)
    values["state_dir"] = _located(str(values["state_dir"]), "")
    if overrides.get("password") is not None:  # a program's own
        values.pop("passwords", None)
    return _with_passwords(HostConfig(**values), f"{opened.where}: host")  # type: ignore[arg-type]  # each was read by its field's kind


def _with_passwords(section: P, place: str) -> P:
    """Let ``password`` be the first of ``passwords``, whichever of them is configured."""
    if section.password is not None and section.passwords:
        raise ConfigurationError(f"{place}.passwords: password is configured too. Write all of them in passwords.")
    if section.password is not None:
        return evolve(section, passwords=(section.password,))
    return evolve(section, password=section.passwords[0]) if section.passwords else section


def _for_all(state: StateConfig, host: HostConfig, where: str) -> StateConfig:
    """Return the configuration of the store, if all workers can share it."""
    if state.scheme == "memory" and host.workers > 1:
        raise ConfigurationError(
            f"{where}: state.url: memory:// is not shared between {host.workers} workers. "
            'Write url = "sqlite:///state.db", or run one worker.'
        )
    return state


def _located(path: str, directory: str) -> str:
    """Return an absolute path, unless it begins with a home that is unknown: only who needs it has to complain."""
    path = os.path.expanduser(path)
    return path if path.startswith("~") else os.path.abspath(os.path.join(directory, path))


def _said(attribute: Attribute[object], value: object, where: str, write: str) -> object:
    """Read what a variable or an option says; their text is parsed as the field's kind asks."""
    kind = attribute.metadata["kind"]
    example = "…" if kind in (PASSWORD, KEYS) else _example(attribute).strip('[]"')
    parsed = kind.parse(value) if isinstance(value, str) else value
    return _checked(attribute, parsed, f"{where}: {key_path('host', attribute.name)}", write + example)


def _checked(attribute: Attribute[object], value: object, place: str, write: str) -> object:
    try:
        read: object = attribute.metadata["kind"].read(value)
    except Refused as refused:
        raise ConfigurationError(f"{place}: {refused}. Write {write}.") from None
    return read


def _example(attribute: Attribute[object]) -> str:
    default = attribute.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, int | float):
        return f"{default:g}" if isinstance(default, float) else str(default)
    return f'"{default}"' if isinstance(default, str) else str(attribute.metadata["kind"].example)


def _sip(opened: _File) -> SipConfig:
    table = opened.table("sip")
    if not table:
        return SipConfig()
    from agenthost._host.config.line_numbers import toml_lines  # noqa: PLC0415  # the same
    from agenthost._host.config.sip_rules import read_rules  # noqa: PLC0415  # most hosts have none

    refuse_unknown(table, (*configured(SipConfig), "rules"), opened.where, "sip")
    lines = toml_lines(opened.text)
    sip = opened.fill(SipConfig, table, "sip")
    place = f"{opened.where}:{lines.get(('sip', 'default'), 1)}" if sip.default is not None else ""
    return evolve(sip, rules=read_rules(opened, table.get("rules", []), lines), default_place=place)


def _agent(opened: _File, name: str, value: object) -> AgentConfig:
    key = key_path("agents", name)
    section = opened.as_table(value, key)
    agent = opened.fill(AgentConfig, section, key)
    if not agent.enabled:  # its secrets need not exist
        return agent
    agent = _with_passwords(agent, f"{opened.where}: {key}")
    if agent.user is not None and agent.password is None:
        raise ConfigurationError(
            f'{opened.where}: {key}.user: this user has no password. Write password = {{ env = "NAME" }} beside it.'
        )
    return evolve(agent, settings=opened.beside(AgentConfig, section, key))


def _workflow(opened: _File, name: str, value: object) -> WorkflowConfig:
    key = key_path("workflows", name)
    section = opened.as_table(value, key)
    for needed, example in (("kind", '"router"'), ("agents", '["support", "sales"]')):
        if not section.get(needed):
            raise ConfigurationError(f"{opened.where}: {key_path(key, needed)}: missing. Write {needed} = {example}.")
    workflow = opened.fill(WorkflowConfig, section, key)
    return evolve(workflow, settings=opened.beside(WorkflowConfig, section, key))


def _models(opened: _File) -> ModelsConfig:
    settings = _tables_in(opened, "models", ModelsConfig)
    return evolve(opened.read_table(ModelsConfig, "models"), settings=settings)


def _classifiers(opened: _File) -> ClassifiersConfig:
    settings = _tables_in(opened, "classifiers", ClassifiersConfig)
    return evolve(opened.read_table(ClassifiersConfig, "classifiers"), settings=settings)


def _plugins(opened: _File) -> PluginsConfig:
    plugins = opened.read_table(PluginsConfig, "plugins")
    return evolve(plugins, settings=_tables_in(opened, "plugins", PluginsConfig, plugins.allows))


def _tables_in(
    opened: _File, name: str, cls: type[AttrsInstance], used: Callable[[str], bool] = lambda _: True
) -> Mapping[str, Mapping[str, object]]:
    """Return what stands in a table beside the keys of ``cls``: tables, by name, with their secrets resolved.

    The secrets of those that are not ``used`` need not exist.
    """
    known = configured(cls)
    settings: dict[str, Mapping[str, object]] = {}
    for own, section in opened.table(name).items():
        if own in known:
            continue
        key = key_path(name, own)
        if not isinstance(section, dict):
            refuse_unknown([own], [*known, f"a table for each {name.removesuffix('s')}"], opened.where, name)
        elif used(own):
            settings[own] = {each: opened.resolved(value, key_path(key, each)) for each, value in section.items()}
    return settings


def _exposed(opened: _File) -> list[str]:
    host = opened.table("host")
    literal = {
        f"host.{name}": any(isinstance(each, str) for each in (value if isinstance(value, list) else [value]))
        for name, value in host.items()
        if name in ("password", "passwords", "signing_keys", "webhook_keys")
    }
    store = opened.table("state").get("url")
    literal["state.url"] = isinstance(store, str) and "@" in store
    return [
        f"{opened.where}: {name}: other users of this machine can read it (mode {opened.exposed}). "
        f'Write {{ env = "NAME" }} there, or run: chmod 600 {opened.where}'
        for name, stands in literal.items()
        if stands and opened.exposed
    ]


def _unknown_variables(environ: Mapping[str, str]) -> list[str]:
    known = {
        *_NOT_FIELDS,
        *(name for attribute in configured(HostConfig).values() for name in variables(attribute)),
    }
    return [
        f"{name}: agenthost knows no such variable and ignores it. Known: {', '.join(sorted(known))}."
        for name in sorted(environ)
        if name.startswith(_PREFIX) and name not in known
    ]
