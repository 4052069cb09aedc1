"""Any configuration is read or refused with a ConfigurationError, without secrets."""

from __future__ import annotations

import re
import string
import tempfile
from pathlib import Path
from typing import Literal

import attrs
import tomli_w
from attrs import field, frozen
from hypothesis import example, given, strategies as st

from agenthost._host.config.author_settings import build_settings
from agenthost._host.config.declaration import keys_of
from agenthost._host.config.load import load_config, variables
from agenthost._host.config.place import Place, key_path
from agenthost._host.config.schema import HostConfig
from agenthost._host.config.secret_sources import Secret  # noqa: TC001 - resolved at run time
from agenthost._host.config.value_types import TEXT, Refused
from agenthost.errors import ConfigurationError

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_SCALARS = (
    _TEXT
    | st.integers(-(2**70), 2**70)
    | st.booleans()
    | st.floats()
    | st.dates()
    | st.times()
    | st.datetimes(timezones=st.none())
)
_REFERENCES = st.dictionaries(st.sampled_from(["env", "file"]), _SCALARS, min_size=1, max_size=1)
_VALUES = st.recursive(
    _SCALARS | _REFERENCES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)
_HOST = st.dictionaries(st.sampled_from(sorted(keys_of(HostConfig))), _VALUES, max_size=3)
_AGENT = st.dictionaries(st.sampled_from(["enabled", "route", "use"]) | _TEXT, _VALUES, max_size=3)
_FILES = st.fixed_dictionaries(
    {},
    optional={
        "host": _HOST | _VALUES,
        "health": st.dictionaries(st.sampled_from(["shape", "public"]), _VALUES) | _VALUES,
        "agents": st.dictionaries(_TEXT, _AGENT | _VALUES, max_size=2) | _VALUES,
        "plugins": st.dictionaries(st.sampled_from(["disable", "only"]) | _TEXT, _VALUES, max_size=3) | _VALUES,
    },
)
_VARIABLES = sorted(name for attribute in keys_of(HostConfig).values() for name in variables(attribute))
_ENVIRONS = st.dictionaries(st.sampled_from(_VARIABLES), st.text(max_size=12), max_size=4)


_PLACE = Place("agenthost.toml").at("agents", "a")


def _load(text, environ, overrides=None):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "agenthost.toml")
        file.write_bytes(text)
        return load_config(str(file), environ, overrides or {})


def _attempt(function, *arguments):
    """Return the result of a function and the text of its refusal."""
    try:
        return function(*arguments), None
    except ConfigurationError as error:
        return None, str(error)


@frozen
class _Inner:
    name: str
    size: int = 1


@frozen
class _Settings:
    text: str = ""
    secret: Secret | None = None
    number: int = 0
    rate: float = 0.0
    flag: bool = False
    choice: Literal["a", "b"] = "a"
    names: tuple[str, ...] = ()
    inner: list[_Inner] = field(factory=list)
    table: dict[str, int | str] = field(factory=dict)


@given(tables=_FILES, environ=_ENVIRONS)
def test_any_file_is_read_or_refused(tables, environ):
    """Any TOML gives a configuration or a ConfigurationError with the line."""
    loaded, refusal = _attempt(_load, tomli_w.dumps(tables).encode(), environ)

    if loaded is not None:
        assert loaded.host.port in range(65536)
    else:
        assert "\n" not in refusal
        assert re.search(r"/agenthost\.toml:\d+: ", refusal) or refusal.startswith(tuple(_VARIABLES))


@given(data=st.binary(max_size=60) | st.text(string.printable, max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data):
    """A file that is no TOML is refused like any other mistake."""
    loaded, refusal = _attempt(_load, data, {})

    assert loaded or re.search(r"/agenthost\.toml:\d+: ", refusal)


@given(overrides=st.dictionaries(st.sampled_from(sorted(keys_of(HostConfig))) | _TEXT, st.none() | _VALUES))
def test_any_options_are_read_or_refused(overrides):
    """Options, too, are read or refused."""
    loaded, refusal = _attempt(_load, b"", {}, overrides)

    assert loaded or refusal.startswith(("--", "command line: "))


@given(values=st.dictionaries(st.sampled_from([each.name for each in attrs.fields(_Settings)]) | _TEXT, _VALUES))
def test_any_settings_are_built_or_refused(values):
    """An author's class is built from a section, or the section is refused."""
    built, refusal = _attempt(build_settings, _Settings, values, _PLACE)

    assert built or refusal.startswith("agenthost.toml: agents.a")


_SECRET = "s3cr3t-s3cr3t"
_SETTINGS = [f"agents.a.{attribute.name}" for attribute in attrs.fields(_Settings)]
_SECRET_PLACES = ["host.password", "host.signing_keys", *_SETTINGS, "agents.a.inner.name", "plugins.hours.zone"]
_OPEN_PLACES = [
    *(f"host.{name}" for name in keys_of(HostConfig) if name not in {"password", "signing_keys"}),
    *("health.shape", "agents.a.enabled", "agents.a.route", "agents.a.use", "plugins.only", "plugins.disable"),
]


@given(
    place=st.sampled_from(_SECRET_PLACES + _OPEN_PLACES),
    prefix=st.sampled_from(["", ":", "\n", "https://u:", "@"]),
    listed=st.booleans(),
)
@example(place="host.signed_requests", prefix="", listed=True)
def test_no_secret_shows(place, prefix, listed):
    """No error shows a fetched secret, nor does the repr of a secret setting."""
    reference = '{ env = "NAME" }'
    text = f"{place} = {f'[{reference}]' if listed else reference}"

    loaded, refusal = _attempt(_load, text.encode(), {"NAME": prefix + _SECRET})

    assert _SECRET not in str(refusal)
    if loaded is not None and place in _SECRET_PLACES:
        assert _SECRET not in repr(loaded)
    if loaded is not None and "a" in loaded.agents:
        settings = loaded.agents["a"].settings
        _, refusal = _attempt(build_settings, _Settings, settings, _PLACE)
        assert _SECRET not in str(refusal)


@given(names=st.lists(_TEXT, min_size=1, max_size=3))
def test_a_key_path_is_one_line(names):
    """The path of any key is printable."""
    assert key_path("agents", *names).isprintable()


@given(st.text(st.characters(exclude_categories=()), min_size=1))
@example("no\u00a0break, and a direction: \u200f")
@example("a lone half: \ud800")
def test_text_has_no_control_characters(text):
    allowed = not any(ord(each) < ord(" ") or each == "\x7f" or "\ud800" <= each <= "\udfff" for each in text)
    try:
        read = TEXT.read(text)
    except Refused:
        read = None

    assert (read == text) is allowed
