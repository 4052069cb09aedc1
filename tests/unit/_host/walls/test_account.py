"""Accounts that isolated agents run as."""

import builtins
import io
import os
import pwd

import pytest

from agenthost._host.walls import account
from agenthost._host.walls.account import Account, missing_capabilities


def test_an_account_has_its_groups_and_names_itself():
    own = pwd.getpwuid(os.getuid())
    found = Account.named(own.pw_name)

    assert (found.user, found.group) == (own.pw_uid, own.pw_gid)
    assert own.pw_gid in found.groups
    assert found.variables == {"HOME": own.pw_dir, "USER": own.pw_name, "LOGNAME": own.pw_name}


def test_an_unknown_account_is_an_error():
    with pytest.raises(LookupError):
        Account.named("nobody-has-this-name")


@pytest.mark.parametrize(
    ("held", "missing"),
    [
        ("000001ffffffffff", ()),
        ("00000000000000eb", ()),
        ("00000000000000c3", ("CAP_FOWNER", "CAP_KILL")),
        ("0000000000000400", ("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_KILL", "CAP_SETGID", "CAP_SETUID")),
    ],
)
def test_missing_capabilities_are_named(monkeypatch, held, missing):
    monkeypatch.setattr(account.sys, "platform", "linux")
    monkeypatch.setattr(builtins, "open", lambda *_, **__: io.StringIO(f"Name: x\nCapEff:\t{held}\n"))

    assert missing_capabilities() == missing


@pytest.mark.parametrize(("user", "number"), [(0, 0), (1000, 6)])
def test_elsewhere_root_has_all(monkeypatch, user, number):
    monkeypatch.setattr(account.sys, "platform", "darwin")
    monkeypatch.setattr(account.os, "geteuid", lambda: user)

    assert len(missing_capabilities()) == number
