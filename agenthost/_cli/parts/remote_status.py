"""The status of a host that is reached by its URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agenthost.errors import AddressError

if TYPE_CHECKING:
    from agenthost._host.config.schema import Config

__all__ = ["authorization", "remote_status"]

_PATH = "/-/status.json"
_MOST = 1 << 26
"""The longest answer, in bytes."""
_PARTS = {"status", "problems", "version", "url", "since", "workers", "agents", "held", "store"}
_REFUSED = {
    401: "the credentials are wrong. fix: --key-file with a key of that host, or --config with its password",
    403: 'the key may not see it. fix: give the key the scope observe and agents = ["*"]',
    404: "it has no status. fix: check the URL, and upgrade the host if it runs an older agenthost",
}


def authorization(config: Config, key_file: str | None) -> str:
    """Return the header with the key of a file, or else with the configured password.

    Raises:
        AddressError: there is neither, or the file cannot be read.
    """
    from base64 import b64encode
    from pathlib import Path

    if key_file is not None:
        try:
            key = Path(key_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise AddressError(f"{key_file}: cannot be read: {error}. fix: check --key-file.") from error
        if not key.isascii() or not key.isprintable() or not key or " " in key:  # an error must not show the key
            raise AddressError(f"{key_file}: it has no key. fix: write the key alone into it, on one line.")
        return f"Bearer {key}"
    password = next((each.reveal() for each in config.host.accepted_passwords), None)
    if password is None:
        raise AddressError(
            "no credentials for --url. fix: --key-file FILE with a key that has the scope observe, "
            "or --config FILE with the password of that host."
        )
    return f"Basic {b64encode(f'{config.host.user}:{password}'.encode()).decode()}"


def remote_status(url: str, header: str, seconds: float) -> dict[str, Any]:
    """Return the status of the host at a URL.

    Raises:
        AddressError: it does not answer with a status.
    """
    import json
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, Request, build_opener

    class _Stay(HTTPRedirectHandler):
        """Follows no redirect, as the credentials are for this host alone."""

        def redirect_request(self, *_: object) -> None:
            """Refuse."""

    asked = Request(url.rstrip("/") + _PATH, headers={"Authorization": header})  # noqa: S310 - URL.read takes http(s)
    try:
        with build_opener(_Stay).open(asked, timeout=seconds) as answer:
            told = json.loads(answer.read(_MOST))
    except HTTPError as error:
        error.close()
        raise AddressError(
            f"{url}: {_REFUSED.get(error.code, f'it answers {error.code}. fix: check the URL')}."
        ) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise AddressError(f"{url}: no host answers there: {reason}. fix: check the URL and the network.") from error
    if not isinstance(told, dict) or not told.keys() >= _PARTS:
        raise AddressError(f"{url}: {_REFUSED[404]}.")
    return told
