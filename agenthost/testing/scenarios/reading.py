"""Scenario files: from TOML to a scenario, with the line of every mistake."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from agenthost.errors import ConfigurationError
from agenthost.testing.platform.leg import Caller
from agenthost.testing.platform.options import PlatformOptions
from agenthost.testing.platform.script import (
    Digits,
    Fault,
    FunctionCall,
    HangUp,
    Input,
    ModelSays,
    ModelTurn,
    Says,
    Silence,
    Stub,
    Unhold,
)
from agenthost.testing.scenarios.lines import lines_of
from agenthost.testing.scenarios.scenario import (
    Expectation,
    ExpectedCall,
    HostSpec,
    ModelSpec,
    Persona,
    Scenario,
    ScenarioTurn,
    Veto,
)
from agenthost.testing.scenarios.schema import NEEDED, fault_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SUFFIX", "find_scenarios", "read_scenario"]

SUFFIX = ".call.toml"
"""The end of a scenario file's name."""
_INPUTS = ("user", "digits", "silence_ms", "hangup", "unhold")


def find_scenarios(paths: Iterable[str | Path]) -> list[Path]:
    """Return the scenario files among paths and below folders, sorted.

    Raises:
        ConfigurationError: a path does not exist, or is not a scenario file.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            found += sorted(each for each in path.rglob(f"*{SUFFIX}") if not _is_hidden(each, path))
        elif path.is_file() and path.name.endswith(SUFFIX):
            found.append(path)
        else:
            reason = f"a scenario's name ends in {SUFFIX}" if path.exists() else "there is no such file or folder"
            msg = f"{path}: {reason}. fix: agenthost test tests/"
            raise ConfigurationError(msg)
    return list(dict.fromkeys(found))


def read_scenario(file: str | Path) -> Scenario:
    """Read a scenario file.

    Raises:
        ConfigurationError: it cannot be read, or has a mistake. The message names file and line.
    """
    path = Path(file)
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from error
    except tomllib.TOMLDecodeError as error:
        msg = f"{path}: this is not TOML: {error}"
        raise ConfigurationError(msg) from error
    reader = _Reader(path, lines_of(text))
    return reader.scenario(data)


def _is_hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") or part == "node_modules" for part in path.relative_to(below).parts[:-1])


@define
class _Reader:
    """Reads one file. ``lines`` are those of its keys."""

    path: Path
    lines: Mapping[str, int]

    def refuse(self, where: str, mistake: str) -> ConfigurationError:
        """Return the error for a mistake at a key or a table."""
        line = self.line(where)
        return ConfigurationError(f"{self.path}:{line}: {mistake}.")

    def line(self, where: str) -> int:
        """Return the line of a key, else of the table around it."""
        while where and where not in self.lines:
            where = where.rpartition(".")[0]
        return self.lines.get(where, 1)

    def check(self, table: str, where: str, data: Mapping[str, Any]) -> None:
        """Check the keys of a table.

        Raises:
            ConfigurationError: a key is unknown, wrong or missing.
        """
        for key, value in data.items():
            if mistake := fault_of(table, key, value):
                raise self.refuse(f"{where}.{key}".lstrip("."), f"[{where}] {mistake}" if where else mistake)
        for key in NEEDED.get(table, ()):
            if key not in data:
                raise self.refuse(where, f"[{where}] needs {key}" if where else f"the file needs {key}")

    def scenario(self, data: Mapping[str, Any]) -> Scenario:
        self.check("", "", data)
        for name in ("host", "caller", "model", "platform", "persona", "expect", "veto"):
            self.check(name, name, data.get(name, {}) if name != "persona" else data.get(name, {"goal": ""}))
        persona = data.get("persona")
        if persona is not None and data.get("turn"):
            raise self.refuse("persona", "a scenario has [[turn]] or [persona], not both")
        runs = data.get("runs", 1)
        passes = data.get("passes", runs)
        if passes > runs:
            raise self.refuse("passes", f"passes = {passes} is more than runs = {runs}")
        return Scenario(
            file=self.path,
            title=data.get("title", self.path.name.removesuffix(SUFFIX)),
            agent=data["agent"],
            host=_host(data.get("host", {})),
            caller=Caller(**data.get("caller", {})),
            model=ModelSpec(**data.get("model", {})),
            turns=tuple(self.turn(number, turn) for number, turn in enumerate(data.get("turn", ()))),
            persona=None if persona is None else _persona(persona),
            summary=data.get("summary"),
            expect=_expectation(data.get("expect", {})),
            veto=_veto(data.get("veto", {})),
            options=self.options(data),
            runs=runs,
            passes=passes,
            chat=data.get("chat", False),
        )

    def turn(self, number: int, data: Mapping[str, Any]) -> ScenarioTurn:
        where = f"turn[{number}]"
        self.check("turn", where, data)
        self.check("turn.expect", f"{where}.expect", data.get("expect", {}))
        inputs = [name for name in _INPUTS if name in data]
        if len(inputs) > 1:
            raise self.refuse(where, f"[[turn]] has {inputs[0]} and {inputs[1]}: write two turns")
        if not inputs and "model" not in data:
            raise self.refuse(where, f"[[turn]] needs one of {', '.join(_INPUTS)}, or model")
        turns = _model_turns(data["model"]) if "model" in data else None
        given = _input(data, turns)
        if given is None and number > 0:
            given = ModelSays(turns or ())
        return ScenarioTurn(given, turns, _expectation(data.get("expect", {})), self.line(where))

    def options(self, data: Mapping[str, Any]) -> PlatformOptions:
        for name in ("stub", "fault"):
            for number, table in enumerate(data.get(name, ())):
                self.check(name, f"{name}[{number}]", table)
        settings = dict(data.get("platform", {}))
        if "sip_domains" in settings:
            settings["sip_domains"] = tuple(settings["sip_domains"])
        return PlatformOptions(
            seed=data.get("seed", 0),
            stubs=tuple(Stub(**table) for table in data.get("stub", ())),
            faults=tuple(Fault(**table) for table in data.get("fault", ())),
            **settings,
        )


def _host(data: Mapping[str, Any]) -> HostSpec:
    lists = {name: tuple(data.get(name, ())) for name in ("files", "installed", "public_urls", "other_urls")}
    return HostSpec(config=data.get("config", ""), url=data.get("url", ""), **lists)


def _persona(data: Mapping[str, Any]) -> Persona:
    return Persona(**{**data, "rules": tuple(data.get("rules", ()))})


def _expectation(data: Mapping[str, Any]) -> Expectation:
    return Expectation(**_read(data))


def _veto(data: Mapping[str, Any]) -> Veto:
    return Veto(**_read(data))


def _read(data: Mapping[str, Any]) -> dict[str, Any]:
    read = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    if "tools" in read:
        read["tools"] = tuple(_expected(call) for call in data["tools"])
    return read


def _expected(call: Any) -> ExpectedCall:
    return ExpectedCall(call) if isinstance(call, str) else ExpectedCall(call["call"], call.get("with", {}))


def _model_turns(entries: list[dict[str, Any]]) -> tuple[ModelTurn, ...]:
    turns = []
    for entry in entries:
        calls = [_expected(call) for call in entry.get("calls", ())]
        made = [FunctionCall(call.function, call.arguments) for call in calls]
        if "call" in entry:
            made.append(FunctionCall(entry["call"], entry.get("with", {})))
        turns.append(ModelTurn(entry.get("say", ""), tuple(made)))
    return tuple(turns)


def _input(data: Mapping[str, Any], turns: tuple[ModelTurn, ...] | None) -> Input | None:
    if "user" in data:
        details = {name: data.get(name) for name in ("barge_after", "confidence", "lang")}
        return Says(data["user"], turns, **details)
    if "digits" in data:
        return Digits(data["digits"], turns)
    if "silence_ms" in data:
        return Silence(data["silence_ms"], turns)
    if data.get("unhold"):
        return Unhold(turns)
    return HangUp() if data.get("hangup") else None
