"""The allow-list of isolated agents: what it opens, and what it leaves out."""

import json
import sys

import pytest

from agenthost._host.walls.files import readable


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A directory of packages, with the host's configuration and state in it."""
    top = tmp_path / "project"
    for name in ("package", "state", ".git", "deep/state"):
        (top / name).mkdir(parents=True)
    for name in ("module.py", "agenthost.toml", ".env", "deep/kept.py"):
        (top / name).touch()
    monkeypatch.setattr(sys, "path", [str(top)])
    return top


def test_a_directory_without_anything_private_is_opened_whole(project):
    opened, listed = readable(())

    assert str(project) in opened
    assert listed == []


def test_private_parts_of_a_directory_are_left_out(project):
    """So are hidden files next to them."""
    opened, listed = readable([str(project / name) for name in ("state", "agenthost.toml", "deep/state")])

    below = {path.removeprefix(f"{project}/") for path in opened if path.startswith(str(project))}
    assert below == {"package", "module.py", "deep/kept.py"}
    assert sorted(listed) == [str(project), str(project / "deep")]


def test_sources_of_editable_installations_are_opened(tmp_path, monkeypatch):
    site, source = tmp_path / "site-packages", tmp_path / "my source"
    metadata = site / "thing-1.dist-info"
    for directory in (metadata, source, tmp_path / "linked"):
        directory.mkdir(parents=True)
    (site / "linked").symlink_to(tmp_path / "linked")
    direct = {"url": source.as_uri(), "dir_info": {"editable": True}}
    (metadata / "direct_url.json").write_text(json.dumps(direct))
    monkeypatch.setattr(sys, "path", [str(site)])
    opened, _ = readable(())

    assert {str(site), str(source), str(tmp_path / "linked")} <= set(opened)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dir_info": {"editable": true}}', '{"dir_info": 1, "url": 2}'])
def test_other_metadata_opens_nothing(tmp_path, monkeypatch, content):
    metadata = tmp_path / "thing-1.dist-info"
    metadata.mkdir()
    (metadata / "direct_url.json").write_text(content)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])

    opened, _ = readable(())
    assert [path for path in opened if path.startswith(str(tmp_path))] == [str(tmp_path)]


def test_configured_certificates_are_opened(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.pem"))

    assert str(tmp_path / "own.pem") in readable(())[0]
