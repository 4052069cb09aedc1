"""Every wall of a host at once.

These are signatures, keys, credentials of agents, isolation, allowed hosts and a lock file.
"""

from __future__ import annotations

import hmac
import subprocess
import sys
from typing import TYPE_CHECKING

from processes import CREDENTIALS, LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["lock", "signature", "walled"]

WEBHOOK_KEY = "a key of the platform"
_HOST = f"""[host]
webhook_keys = ["{WEBHOOK_KEY}"]
allowed_hosts = ["agents.example"]
"""
_TABLES = """
[health]
public = "status"
[keys.all]
secret = ["the-new-secret-of-a-key", "the-old-secret-of-a-key"]
agents = ["*"]
scopes = ["call", "text", "observe"]
[keys.other]
secret = "the-secret-of-another-key"
agents = ["*"]
scopes = ["call"]
"""
_AGENT = """
[agents.{agent}]
user = "{user}"
password = "{password}"
reachable_from = ["sip"]
isolation = "{isolation}"
"""


def walled(settings: str, agents: Iterable[str], isolation: str, of_host: str = "") -> str:
    """Return settings with every wall.

    Args:
        settings: other settings, without sections of these agents.
        agents: those with credentials of their own, which are those of the benchmarks.
        isolation: theirs.
        of_host: more settings of the host.
    """
    user, password = CREDENTIALS
    own = "".join(_AGENT.format(agent=each, user=user, password=password, isolation=isolation) for each in agents)
    host, _, rest = settings.partition("[host]\n")
    return f"{host}{_HOST}{of_host}{rest}{_TABLES}{own}"


def lock(directory: Path, environ: Mapping[str, str]) -> None:
    """Write the lock file of a host."""
    command = [sys.executable, "-m", "agenthost", "lock"]
    subprocess.run(command, cwd=directory, env=dict(environ), check=True, stdout=subprocess.DEVNULL)


def signature(target: str, content: bytes) -> str:
    """Return the header that proves that a request comes from the platform."""
    signed = hmac.digest(WEBHOOK_KEY.encode(), f"http://{LOOPBACK}{target}".encode() + content, "sha256")
    return f"X-SignalWire-Sha256-Signature: {signed.hex()}"
