"""Commands of installers: what is started, and what people read."""

from __future__ import annotations

import pytest

from agenthost._host.installer.commands import Pip, Pipx, Uv, UvTool, name_of
from agenthost._host.installer.way_back import way_back

PIP = Pip("/srv/bin/python")
UV = Uv("/opt/uv", "/srv/bin/python")
ACTIVE = Uv("/opt/uv", "/srv/bin/python", active=True)
TOOL = UvTool("/opt/uv", "agenthost", ("agenthost[openai]", "acme==1.0", "acme-more"))
PIPX = Pipx("/opt/pipx", "agenthost")


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        (PIP.install("acme[x]>=1"), "pip install 'acme[x]>=1'"),
        (PIP.develop(".[test]"), "pip install --editable '.[test]'"),
        (UV.develop("."), "uv pip install --python /srv/bin/python --editable ."),
        (
            TOOL.develop("."),
            "uv tool install --with-editable . 'agenthost[openai]' --with acme==1.0 --with acme-more",
        ),
        (PIPX.develop("."), "pipx inject --force --editable agenthost ."),
        (PIP.upgrade("acme", "b"), "pip install --upgrade acme b"),
        (PIP.reinstall("acme==1.0"), "pip install --force-reinstall --no-deps acme==1.0"),
        (PIP.uninstall("acme"), "pip uninstall --yes acme"),
        (UV.install("acme"), "uv pip install --python /srv/bin/python acme"),
        (ACTIVE.install("acme"), "uv pip install acme"),
        (ACTIVE.upgrade("acme[x]>=1"), "uv pip install --upgrade-package acme 'acme[x]>=1'"),
        (ACTIVE.upgrade("./acme.whl"), "uv pip install ./acme.whl"),
        (ACTIVE.reinstall("acme==1.0"), "uv pip install --no-deps --reinstall-package acme acme==1.0"),
        (ACTIVE.uninstall("acme"), "uv pip uninstall acme"),
        (
            TOOL.install("Acme_New"),
            "uv tool install 'agenthost[openai]' --with acme==1.0 --with acme-more --with Acme_New",
        ),
        (
            TOOL.upgrade("acme"),
            "uv tool install --upgrade-package acme 'agenthost[openai]' --with acme --with acme-more",
        ),
        (
            TOOL.reinstall("acme-more==2"),
            "uv tool install --reinstall-package acme-more 'agenthost[openai]' --with acme==1.0 --with acme-more==2",
        ),
        (TOOL.uninstall("Acme"), "uv tool install 'agenthost[openai]' --with acme-more"),
        (PIPX.install("acme"), "pipx inject --force agenthost acme"),
        (PIPX.upgrade("acme"), "pipx runpip agenthost install --upgrade acme"),
        (PIPX.reinstall("acme==1"), "pipx runpip agenthost install --force-reinstall --no-deps acme==1"),
        (PIPX.uninstall("acme"), "pipx uninject agenthost acme"),
    ],
)
def test_what_is_shown(command, shown):
    assert str(command) == shown


def test_what_is_started():
    """The programs of this environment, whatever PATH says."""
    assert PIP.install("acme").words == ("/srv/bin/python", "-m", "pip", "install", "acme")
    assert TOOL.uninstall("acme").words[:3] == ("/opt/uv", "tool", "install")


def test_the_way_back_of_pipx():
    """An injected package stays at its version unless it is injected by force."""
    assert [str(each) for each in way_back(PIPX, {"acme": "1.0"}, {"acme": "2.0"})] == [
        "pipx inject --force agenthost acme==1.0"
    ]


def test_a_path_for_the_pip_of_pipx(tmp_path, monkeypatch):
    """``pipx runpip`` starts pip in another directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "acme.whl").touch()

    assert PIPX.upgrade("acme.whl", "./b.whl", "c[x]>=1").words[-3:] == (
        f"{tmp_path}/acme.whl",
        f"{tmp_path}/b.whl",
        "c[x]>=1",
    )


@pytest.mark.parametrize(
    ("requirement", "name"),
    [
        ("Acme_Billing[x]>=1 ; python_version > '3'", "acme-billing"),
        ("acme @ file:///tmp/acme.whl", "acme"),
        ("./wheels/acme.whl", "./wheels/acme.whl"),
        ("/abs/acme", "/abs/acme"),
    ],
)
def test_the_name_in_a_requirement(requirement, name):
    assert name_of(requirement) == name


def test_the_way_back():
    """Commands for other versions, other contents and new packages alone."""
    wanted = {"acme": "1.0", "gone": "3.0", "same": "1", "edited": "5"}
    now = {"acme": "2.0", "new": "0.1", "same": "1", "edited": "5"}

    assert [str(each) for each in way_back(PIP, wanted, now, ["edited", "acme"])] == [
        "pip install acme==1.0 gone==3.0",
        "pip install --force-reinstall --no-deps edited==5",
        "pip uninstall --yes new",
    ]
    assert way_back(PIP, wanted, wanted) == ()
