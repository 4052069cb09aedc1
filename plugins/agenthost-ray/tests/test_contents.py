"""The digest of an installed package."""

from __future__ import annotations

import pytest
from agenthost_ray.contents import digest_of, digest_of_settings


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """A package with a module and a folder, and one that cannot be imported."""
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[agenthost.agents]\na = acme_a:A\nb = acme_b.inner:B\n")
    (tmp_path / "acme_a.py").write_text("raise RuntimeError\n")
    (tmp_path / "acme_b").mkdir()
    (tmp_path / "acme_b" / "__init__.py").write_text("")
    (tmp_path / "acme_b" / "inner.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("changed", ["acme_a.py", "acme_b/inner.py"])
def test_another_source_has_another_digest(acme, changed):
    before = digest_of("acme")
    (acme / "unrelated.py").write_text("")
    assert digest_of("acme") == before
    (acme / changed).write_text("x = 2\n")

    assert digest_of("acme") != before


def test_what_is_not_installed_has_none(acme):
    assert digest_of("agenthost.toml") == digest_of("") == ""


def test_another_configuration_or_lock_file_has_another_digest(tmp_path):
    file, lock = tmp_path / "agenthost.toml", tmp_path / "agenthost.lock"
    seen = [digest_of_settings(str(file))]
    for each in (file, lock, lock):
        each.write_text(f"{each.exists()}")
        seen.append(digest_of_settings(str(file)))

    assert len(set(seen)) == 4
    assert digest_of_settings(None) == ""
