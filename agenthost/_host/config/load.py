"""Configuration: ``agenthost.toml``, the environment and the command line, read into frozen values.

Each key is declared in ``agenthost._host.config.schema`` and, for operators, in docs/reference/configuration.md.
"""

# No pathlib, and few classes: every command that lists something pays for them.
# ruff: noqa: PTH100, PTH111, PTH118

from __future__ import annotations

import os
import re
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from agenthost._host.config.declaration import keys_of
from agenthost._host.config.file import no_file, open_file, refuse_unknown
from agenthost._host.config.host_table import state_dir
from agenthost._host.config.place import Place
from agenthost._host.config.schema import (
    FILE,
    AgentConfig,
    ClassifiersConfig,
    Config,
    ConsoleConfig,
    ConversationConfig,
    HealthConfig,
    HostConfig,
    KeyConfig,
    ModelsConfig,
    PeerConfig,
    PluginsConfig,
    RecordingConfig,
    SipConfig,
    StateConfig,
    TelemetryConfig,
    TurnsConfig,
    WorkflowConfig,
)
from agenthost._host.config.secret_sources import origins, sources
from agenthost._host.config.value_types import KEYS, PASSWORD, Refused
from agenthost.errors import ConfigurationError
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attrs import AttrsInstance

    from agenthost._host.config.declaration import Key
    from agenthost._host.config.file import ConfigFile
    from agenthost._host.config.sip_rules import RouteConfig

__all__ = ["in_force", "load_config", "variables"]

in_force: ContextVar[Config | None] = ContextVar("in_force", default=None)
"""The configuration of a worker while it imports a program, whose ``AgentServer`` takes it."""

P = TypeVar("P", "HostConfig", "AgentConfig")

_PREFIX = "AGENTHOST_"
_NOT_FIELDS = ("AGENTHOST_CONFIG", "AGENTHOST_TRACE_HOOKS")
_SECRET = ("host", "keys", "agents", "peers")
"""Tables with secrets of the host itself."""
_OPTIONS = {"agents": "--only"}
"""Options with another name than their key of ``[host]``."""
_KEY_NAME = r"[A-Za-z0-9_-]{1,64}"
_OF_OTHERS = ("enabled", "optional", "route", "use")
"""The keys that are read of the section of an agent elsewhere."""
_AGENT_NAME = r"[A-Za-z0-9._-]{1,64}"
_STORE, _SOURCED, _CONSOLE, _PROGRAM = "default_store", "sourced", "console", "program"
"""Overrides that are not keys of ``[host]``."""
_TABLES = (
    "host",
    "health",
    "telemetry",
    "state",
    "sip",
    "conversation",
    "recording",
    "console",
    "models",
    "classifiers",
    "turns",
    "keys",
    "agents",
    "workflows",
    "peers",
    "routes",
    "plugins",
)


def variables(key: Key) -> tuple[str, ...]:
    """Return the environment variables of a key of ``[host]``, the one that wins first."""
    own = () if key.kind is KEYS else (_PREFIX + key.name.upper(),)
    return (*own, *key.variables)


def load_config(
    file: str | None, environ: Mapping[str, str], overrides: Mapping[str, object] = MappingProxyType({})
) -> Config:
    """Read the configuration.

    The command line wins over the environment, and the environment over the file.

    ``file`` is the path that ``--config`` names; otherwise ``AGENTHOST_CONFIG``, otherwise ``agenthost.toml`` in the
    current directory when there is one. ``overrides`` has keys of ``[host]`` by name; None leaves one out. Its
    ``default_store`` is the URL of the store if the configuration has none, ``console`` is True if the console is
    enabled unless the configuration disables it, ``sourced`` is True if packages are served that are not installed, and
    ``program`` is the ``module:name`` of an ``AgentServer`` that is served in place of the installed agents.

    Raises:
        ConfigurationError: something cannot be read or used; the text names the file and line, or the variable, and
            the key, and never holds a secret.
    """
    name = file or environ.get("AGENTHOST_CONFIG") or (FILE if os.path.lexists(FILE) else None)
    opened = open_file(name, environ) if name else no_file(FILE, environ)
    refuse_unknown(opened.tables, _TABLES, opened.place())
    others = (_STORE, _SOURCED, _CONSOLE, _PROGRAM)
    host = _host(opened, {name: value for name, value in overrides.items() if name not in others})
    config = Config(
        host=host,
        health=opened.closed(HealthConfig, "health"),
        telemetry=opened.closed(TelemetryConfig, "telemetry"),
        state=_for_all(_state(opened, overrides.get(_STORE)), host, opened),
        conversation=opened.closed(ConversationConfig, "conversation"),
        recording=opened.closed(RecordingConfig, "recording"),
        console=_console(opened, overrides.get(_CONSOLE)),
        models=_models(opened),
        turns=opened.closed(TurnsConfig, "turns"),
        workflows={name: _workflow(opened, name, section) for name, section in opened.table("workflows").items()},
        peers={name: _peer(opened, name, section) for name, section in opened.table("peers").items()},
        sip=_sip(opened),
        routes=_routes(opened),
        classifiers=_classifiers(opened),
        keys=_keys(opened),
        agents={agent: _agent(opened, agent, section, host) for agent, section in opened.table("agents").items()},
        plugins=_plugins(opened),
        source=name,
        warnings=(*_exposed(opened), *_unknown_variables(opened)),
        sourced=bool(overrides.get(_SOURCED)),
        asked=(os.path.abspath(name) if name else None, dict(overrides)),
        lines=opened.lines,
        said=opened.said,
        origins={path: words for table in _SECRET for path, words in origins(opened.table(table), table)},
    )
    _check_directory(config)
    fetched, key_texts = tuple(opened.fetched), tuple(opened.key_texts)  # now that everything is read
    return evolve(config, fetched=fetched, key_texts=key_texts)


def _host(opened: ConfigFile, overrides: Mapping[str, object]) -> HostConfig:
    known = keys_of(HostConfig)
    table, place = opened.table("host"), opened.place("host")
    refuse_unknown(table, known, place)
    refuse_unknown(overrides, known, Place("command line"))
    said: dict[str, object] = {}
    for name, key in known.items():
        variable = next((each for each in variables(key) if opened.environ.get(each)), None)
        if overrides.get(name) is not None:
            option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
            said[name] = _overridden(key, overrides[name], option, f"{option} ")
            opened.said[name] = option
        elif variable is not None:
            said[name] = _overridden(key, opened.environ[variable], variable, f"{variable}=")
            opened.said[name] = variable
    values = opened.read(HostConfig, {name: value for name, value in table.items() if name not in said}, place)
    if "state_dir" in values:
        values["state_dir"] = _located(str(values["state_dir"]), opened.directory)
    values = {"state_dir": state_dir(opened.environ), **values, **said}
    values["state_dir"] = _located(str(values["state_dir"]), "")
    if overrides.get("password") is not None:  # a program's own
        values.pop("passwords", None)
    return _with_one_password(HostConfig(**values), opened, "host")  # type: ignore[arg-type]  # each was read by its field's kind


def _with_one_password(section: P, opened: ConfigFile, *path: str) -> P:
    """Return a section, unless it has ``password`` and ``passwords``."""
    if section.password is not None and section.passwords:
        place = opened.place(*path, "passwords")
        raise ConfigurationError(f"{place}: password is configured too. fix: write all of them in passwords")
    return section


def _state(opened: ConfigFile, default: object) -> StateConfig:
    state = opened.closed(StateConfig, "state")
    return state if state.url is not None or default is None else evolve(state, url=Secret(str(default)))


def _console(opened: ConfigFile, default: object) -> ConsoleConfig:
    console = opened.closed(ConsoleConfig, "console")
    return console if "enabled" in opened.table("console") else evolve(console, enabled=bool(default))


def _for_all(state: StateConfig, host: HostConfig, opened: ConfigFile) -> StateConfig:
    """Return the configuration of the store, if all workers can share it."""
    if state.scheme == "memory" and host.workers > 1:
        raise ConfigurationError(
            f"{opened.place('state', 'url')}: memory:// is not shared between {host.workers} workers. "
            'fix: write url = "sqlite:///state.db", or run one worker'
        )
    return state


def _located(path: str, directory: str) -> str:
    """Return an absolute path.

    A path in an unknown home stays as it is, because only its user needs to report it.
    """
    path = os.path.expanduser(path)
    return path if path.startswith("~") else os.path.abspath(os.path.join(directory, path))


def _overridden(key: Key, value: object, source: str, write: str) -> object:
    """Read the value of a variable or an option.

    Text is parsed by the key's kind.
    """
    example = "…" if key.kind in (PASSWORD, KEYS) else key.example.strip('[]"')
    parsed = key.kind.parse(value) if isinstance(value, str) else value
    try:
        return key.kind.read(parsed)
    except Refused as refused:
        reason = refused.reason
    raise ConfigurationError(f"{source}: host.{key.name}: {reason}. fix: write {write}{example}")


def _routes(opened: ConfigFile) -> Mapping[str, RouteConfig]:
    if not (tables := opened.table("routes")):
        return {}
    from agenthost._host.config.sip_rules import read_routes  # noqa: PLC0415  # most hosts have none

    return read_routes(opened, tables)


def _sip(opened: ConfigFile) -> SipConfig:
    table = opened.table("sip")
    if not table:
        return SipConfig()
    from agenthost._host.config.sip_rules import read_rules  # noqa: PLC0415  # most hosts have none

    place = opened.place("sip")
    refuse_unknown(table, (*keys_of(SipConfig), "rules"), place)
    rules = read_rules(opened, table.get("rules", []))
    return evolve(
        opened.fill(SipConfig, table, place),
        tables=tuple(config for config, _ in rules),
        rules=tuple(rule for _, rule in rules),
        default_place=place.at("default").in_file if "default" in table else "",
    )


def _agent(opened: ConfigFile, name: str, value: object, host: HostConfig) -> AgentConfig:
    place = opened.place("agents", name)
    section = opened.as_table(value, place)
    if not host.may_serve(name):  # nor need the secrets of other hosts exist
        section = {key: value for key, value in section.items() if key in _OF_OTHERS}
        return evolve(opened.fill(AgentConfig, section, place), place=place)
    agent = evolve(opened.fill(AgentConfig, section, place), place=place)
    if not agent.enabled:  # its secrets need not exist
        return agent
    agent = _with_one_password(agent, opened, "agents", name)
    if agent.user is not None and not agent.accepted_passwords:
        user = place.at("user")
        raise ConfigurationError(
            f'{user}: this user has no password. fix: write password = {{ env = "NAME" }} next to it'
        )
    paths = tuple(_located(path, opened.directory) for path in agent.paths)
    _only_isolated(agent, host, place)
    return evolve(agent, paths=paths, settings=opened.beside(AgentConfig, section, place))


def _only_isolated(agent: AgentConfig, host: HostConfig, place: Place) -> None:
    """Refuse walls around an agent that runs in the host, where they would not exist."""
    walls = ("paths", "run_as", "process_limit")
    for name in (name for name in walls if getattr(agent, name)):
        if (agent.isolation or host.isolation) != "process":
            raise ConfigurationError(
                f'{place.at(name)}: the agent is not isolated. fix: write isolation = "process" next to it'
            )
    if agent.process_limit is not None and agent.run_as is None:
        raise ConfigurationError(
            f"{place.at('process_limit')}: the system counts processes for each user, and the agent runs as the host's"
            ' user. fix: write run_as = "…" next to it, with a user of its own'
        )


def _keys(opened: ConfigFile) -> Mapping[str, KeyConfig]:
    keys: dict[str, KeyConfig] = {}
    taken: dict[bytes, Place] = {}
    for name, value in opened.table("keys").items():
        place = opened.place("keys", name)
        if not re.fullmatch(_KEY_NAME, name):
            raise ConfigurationError(
                f"{place}: the name of a key is its user name in HTTP Basic: up to 64 letters, digits, '_' and '-'. "
                "fix: write [keys.monitoring]"
            )
        keys[name] = key = _key(opened, value, place)
        for number, secret in enumerate(key.secret):
            at = place.at("secret", number) if len(key.secret) > 1 else place.at("secret")
            if (other := taken.setdefault(secret.digest, at)) is not at:
                raise ConfigurationError(f"{at}: it is the same as {other}. fix: make a secret for each key")
    return keys


def _key(opened: ConfigFile, value: object, place: Place) -> KeyConfig:
    section = opened.as_table(value, place)
    refuse_unknown(section, keys_of(KeyConfig), place)
    before = len(opened.fetched)
    key = opened.fill(KeyConfig, section, place)
    for name, example in (("agents", '["sales"]'), ("scopes", '["call"]')):
        if not getattr(key, name):
            raise ConfigurationError(f"{place.at(name)}: the list is empty. fix: write {name} = {example}")
    written = section.get("secret")
    listed = written if isinstance(written, list) else [written]
    opened.key_texts.extend([*opened.fetched[before:], *(Secret(each) for each in listed if isinstance(each, str))])
    return key


def _workflow(opened: ConfigFile, name: str, value: object) -> WorkflowConfig:
    place = opened.place("workflows", name)
    section = opened.as_table(value, place)
    workflow = opened.fill(WorkflowConfig, section, place)
    if not workflow.agents:
        raise ConfigurationError(f'{place.at("agents")}: the list is empty. fix: write agents = ["support", "sales"]')
    return evolve(workflow, settings=opened.beside(WorkflowConfig, section, place))


def _peer(opened: ConfigFile, name: str, value: object) -> PeerConfig:
    place = opened.place("peers", name)
    section = opened.as_table(value, place)
    peer = opened.fill(PeerConfig, section, place)
    if not peer.agents or not all(re.fullmatch(_AGENT_NAME, agent) for agent in peer.agents):
        raise ConfigurationError(f'{place.at("agents")}: it must have keys of agents. fix: write agents = ["billing"]')
    settings = opened.beside(PeerConfig, section, place)
    refuse_unknown(settings, [*keys_of(PeerConfig), *peer.agents], place)
    return evolve(peer, settings=settings)


def _check_directory(config: Config) -> None:
    """Refuse announcements, and peers without a URL, without a store that hosts share."""
    host, announced = config.host, config.place("host", "announce")
    if host.announce is not None and not re.fullmatch(_KEY_NAME, host.announce):
        raise ConfigurationError(f'{announced}: it is not up to 64 letters, digits, "_" and "-". fix: write "east"')
    if host.announce is not None and host.announce_url is None and host.public_url is None:
        raise ConfigurationError(f'{announced}: no URL is configured. fix: write announce_url = "https://…" next to it')
    needing = [announced] if host.announce is not None else []
    needing += [config.place("peers", name, "url") for name, peer in config.peers.items() if peer.url is None]
    if needing and config.state.url is None:
        raise ConfigurationError(
            f"{needing[0]}: hosts find each other in the store that they share, and none is configured. "
            'fix: write url = "redis://…" in [state] of each host'
        )


def _models(opened: ConfigFile) -> ModelsConfig:
    models = opened.fill(ModelsConfig, opened.table("models"), opened.place("models"))
    return evolve(models, settings=_tables_in(opened, "models", ModelsConfig))


def _classifiers(opened: ConfigFile) -> ClassifiersConfig:
    classifiers = opened.fill(ClassifiersConfig, opened.table("classifiers"), opened.place("classifiers"))
    return evolve(classifiers, settings=_tables_in(opened, "classifiers", ClassifiersConfig))


def _plugins(opened: ConfigFile) -> PluginsConfig:
    plugins = opened.fill(PluginsConfig, opened.table("plugins"), opened.place("plugins"))
    return evolve(plugins, settings=_tables_in(opened, "plugins", PluginsConfig, plugins.allows))


def _tables_in(
    opened: ConfigFile, name: str, cls: type[AttrsInstance], used: Callable[[str], bool] = lambda _: True
) -> Mapping[str, Mapping[str, object]]:
    """Return the tables of a table other than the keys of ``cls``, by name.

    Their secrets are resolved. Secrets of tables that are not ``used`` need not exist.
    """
    known = keys_of(cls)
    settings: dict[str, Mapping[str, object]] = {}
    for own, section in opened.table(name).items():
        if own in known:
            continue
        place = opened.place(name, own)
        if not isinstance(section, dict):
            refuse_unknown([own], [*known, f"a table for each {name.removesuffix('s')}"], opened.place(name))
        elif used(own):
            settings[own] = {each: opened.resolved(value, place.at(each)) for each, value in section.items()}
    return settings


def _exposed(opened: ConfigFile) -> list[str]:
    """Return warnings about secrets in a file that other users can read."""
    if not opened.exposed:
        return []
    found: list[tuple[str, ...]] = [
        ("host", name)
        for name, value in opened.table("host").items()
        if name in ("password", "passwords", "signing_keys", "webhook_keys")
        and any(isinstance(each, str) for each in (value if isinstance(value, list) else [value]))
    ]
    for name, key in opened.table("keys").items():
        secret = key.get("secret") if isinstance(key, dict) else None
        if any(isinstance(each, str) for each in (secret if isinstance(secret, list) else [secret])):
            found.append(("keys", name, "secret"))
    for name, peer in opened.table("peers").items():
        if isinstance(peer, dict) and isinstance(peer.get("secret"), str):
            found.append(("peers", name, "secret"))
    store = opened.table("state").get("url")
    if isinstance(store, str) and "@" in store:
        found.append(("state", "url"))
    return [
        f"{opened.place(*path)}: other users of this machine can read it (mode {opened.exposed}). "
        f'fix: write {{ env = "NAME" }} there, or run chmod 600 {opened.name}'
        for path in found
    ]


def _unknown_variables(opened: ConfigFile) -> list[str]:
    known = {*_NOT_FIELDS, *(name for key in keys_of(HostConfig).values() for name in variables(key))}
    named = {name for source, name in sources(opened.tables) if source == "env"}
    return [
        f"{name}: agenthost has no such variable and ignores it. Known: {', '.join(sorted(known))}."
        for name in sorted(opened.environ)
        if name.startswith(_PREFIX) and name not in known | named
    ]
