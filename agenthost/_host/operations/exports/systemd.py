"""Files for systemd: a unit, and its user (systemd.exec(5), sysusers.d(5))."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agenthost._host.operations.exports.deployment import Deployment

__all__ = ["systemd_files"]

_PRIVILEGED = 1024
_SECRETS = "/etc/agenthost/secrets"
_UNIT = """\
# agenthost under systemd, made by: agenthost export systemd
#
#   install -m 0644 agenthost.sysusers.conf /etc/sysusers.d/agenthost.conf && systemd-sysusers
#   install -m 0644 agenthost.service /etc/systemd/system/agenthost.service
#   systemctl daemon-reload && systemctl enable --now agenthost
#
{secrets}
[Unit]
Description=agenthost, a host for voice and chat agents
Documentation=https://pypi.org/project/agenthost/
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=300
StartLimitBurst=10

[Service]
Type=notify
User=agenthost
Group=agenthost
{environment}ExecStart={command}
ExecReload=/bin/kill -HUP $MAINPID
# SIGTERM goes to the supervising process, which ends its workers in order: {grace:g} s grace, {drain:g} s drain, 5 s.
KillMode=mixed
TimeoutStopSec={patience}
# The start takes as long as the agents need to be built, each at most build_timeout.
TimeoutStartSec=infinity
# The supervising process reports every 30 s. One that hangs is ended and started again.
WatchdogSec=60
Restart=on-failure
RestartSec=1
# 2: the port is in use; 3: wrong configuration; 4: nothing to serve. A restart does not fix these.
RestartPreventExitStatus=2 3 4

# Limits: a file for each connection ({connections} per process), and some more.
LimitNOFILE={files}
TasksMax={tasks}
OOMPolicy=continue

# The state of the host.
StateDirectory=agenthost
StateDirectoryMode=0700
UMask=0077

# Privileges that the host and its agents do not need.
NoNewPrivileges=yes
CapabilityBoundingSet={capabilities}
AmbientCapabilities={capabilities}
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service landlock_create_ruleset landlock_add_rule landlock_restrict_self
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""
_SYSUSERS = """\
# The user that agenthost runs as, made by: agenthost export systemd
u agenthost - "agenthost" /var/lib/agenthost
"""


def systemd_files(deployment: Deployment) -> dict[str, str]:
    """Return the unit and its user, by file name.

    Neither the deployment nor the files contain the text of a secret.
    """
    host = deployment.config.host
    environment = {"AGENTHOST_STATE_DIR": "/var/lib/agenthost"}
    if deployment.config.source is not None:
        environment["AGENTHOST_CONFIG"] = os.path.abspath(deployment.config.source)  # noqa: PTH100 - as in deployment
    environment |= deployment.plain
    lines = [f"Environment={_quoted(f'{name}={value}')}" for name, value in environment.items()]
    if deployment.secret_variables:
        lines.append(f"EnvironmentFile={_SECRETS}")
    command = " ".join(_quoted(word).replace("$", "$$") for word in deployment.command)
    return {
        "agenthost.service": _UNIT.format(
            secrets=_on_secrets(deployment),
            environment="".join(f"{line}\n" for line in lines),
            command=command,
            grace=host.drain_grace,
            drain=host.drain_timeout,
            patience=deployment.patience,
            connections=host.max_connections,
            files=deployment.open_files,
            tasks=512 * (host.workers + 1),
            capabilities="CAP_NET_BIND_SERVICE" if 0 < host.port < _PRIVILEGED else "",
            home="read-only" if deployment.command[0].startswith(("/home/", "/root/")) else "yes",
        ),
        "agenthost.sysusers.conf": _SYSUSERS,
    }


def _on_secrets(deployment: Deployment) -> str:
    lines = []
    if deployment.secret_variables:
        lines += [
            f"# {_SECRETS} (owner root, mode 0600) has one line NAME=value for each of:",
            *(f"#   {name}" for name in deployment.secret_variables),
        ]
    if deployment.secret_files:
        lines += ["# The user agenthost has to be able to read:", *(f"#   {path}" for path in deployment.secret_files)]
    if deployment.literal:
        lines.append(f"# {deployment.config.source} has secrets in it: chown agenthost, chmod 600.")
    return "\n".join(lines or ["# No secret is configured: the host generates its own, in its state directory."])


def _quoted(word: str) -> str:
    """Quote a word for systemd (systemd.syntax(7)), with ``%`` escaped."""
    word = word.replace("%", "%%")
    if not word or any(letter in word for letter in " \t\"'\\;"):
        return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return word
