"""Secrets that the host generates once: a password and a signing key.

They are kept in the state directory. Workers and restarts must agree on both, so each is in a file that appears
complete or not at all.
"""

# No pathlib: every start of the host reads keys.
# ruff: noqa: PTH103, PTH108, PTH117, PTH118

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from agenthost._private_files import check_private, read_private
from agenthost.errors import ConfigurationError
from agenthost.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agenthost._host.config.schema import Config

__all__ = ["check_state_dir", "is_serverless", "kept_secret", "new_password", "new_signing_key", "not_shared"]

_SERVERLESS = ("AWS_LAMBDA_FUNCTION_NAME", "GATEWAY_INTERFACE", "K_SERVICE", "FUNCTION_TARGET")
_SECRET = "SIGNALWIRE_SWAIG_SECRET"  # noqa: S105 - the variable's name

# Letters and digits need no quoting in a shell or a URL; 0 O 1 I l are left out because people read it aloud.
_ALPHABET = "23456789abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH = 32  # 186 bits
_KEY = "host.state_dir"


def new_password() -> str:
    """Return a password of letters and digits.

    It is as hard to guess as 23 random bytes.
    """
    import secrets  # noqa: PLC0415 - once in the life of a host

    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def new_signing_key() -> str:
    """Return 32 random bytes in hex."""
    return os.urandom(32).hex()


def check_state_dir(state_dir: str) -> None:
    """Refuse a state directory that another user could have made or can read.

    Raises:
        ConfigurationError: see ``agenthost._private_files``.
        OSError: it cannot be looked at.
    """
    check_private(state_dir, _KEY, stat.S_IFDIR)


def kept_secret(state_dir: str, name: str, make: Callable[[], str]) -> Secret:
    """Return the secret that is kept under ``name``.

    The first process that needs it generates it.

    ``state_dir`` is the directory, made with mode 0700 when it does not exist. ``name`` is the file in it
    (``password``, ``signing_key``), made with mode 0600.

    Raises:
        ConfigurationError: the directory is not known or cannot be written, it or the file is of another owner, open
            to others or a symbolic link, or the file is empty or not text.
    """
    path = os.path.join(state_dir, name)
    if not os.path.isabs(path):
        raise ConfigurationError(
            f"{path}: host.state_dir: the home directory is not known. "
            'Write state_dir = "/path/of/a/directory" that the host can write.'
        )
    try:
        check_state_dir(state_dir)
        try:
            return _read(path)
        except FileNotFoundError:
            os.makedirs(state_dir, mode=0o700, exist_ok=True)
            check_state_dir(state_dir)  # another process may have made it meanwhile
            _write(path, make())
            return _read(path)
    except OSError as error:
        raise _unusable(path, name, error) from error


def _unusable(path: str, name: str, error: OSError) -> ConfigurationError:
    fix = (
        "fix: set AGENTHOST_PASSWORD and SIGNALWIRE_SWAIG_SECRET, which all instances share"
        if is_serverless(os.environ)
        else 'fix: write state_dir = "/path/of/a/directory" that the host can write and only it can read'
    )
    return ConfigurationError(f"{path}: {_KEY}: the host cannot keep its {name} there ({error.strerror}). {fix}")


def is_serverless(environ: Mapping[str, str]) -> bool:
    """Return True in AWS Lambda, CGI, Cloud Run and Cloud Functions."""
    return any(name in environ for name in _SERVERLESS)


def not_shared(config: Config, environ: Mapping[str, str]) -> str | None:
    """Return a sentence about generated secrets that instances would not share, or None.

    Several instances are probable in serverless, and behind a proxy or a public address.
    """
    host = config.host
    generated = [
        name
        for name, there in (("AGENTHOST_PASSWORD", host.password or host.passwords), (_SECRET, host.signing_keys))
        if not there
    ]
    if not generated or not (is_serverless(environ) or host.public_url or host.trusted_proxies):
        return None
    return (
        f"{' and '.join(generated)} {'are' if generated[1:] else 'is'} not set, so this host has generated its own, "
        "and another instance does not accept its URLs and tokens. fix: set them if there are several"
    )


def _write(path: str, text: str) -> None:
    """Write ``text`` into the file.

    A link never replaces a file, so a faster process wins.
    """
    draft = f"{path}.{os.urandom(8).hex()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
            file.flush()
            os.fsync(descriptor)
        with suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)


def _read(path: str) -> Secret:
    try:
        text = read_private(path, _KEY).decode().strip()
    except UnicodeDecodeError:
        text = ""
    if not text:
        raise ConfigurationError(
            f"{path}: host.state_dir: it is empty or not text. fix: delete it, and the host makes a new one"
        )
    return Secret(text)
