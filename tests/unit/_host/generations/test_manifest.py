"""Manifests: what differs between two readings of what is installed."""

import pytest

from agenthost._discovery import AGENTS, Candidate
from agenthost._host.generations.contents import Readings
from agenthost._host.generations.manifest import Manifest, by_distribution, modules_of


@pytest.fixture
def offer(tmp_path):
    info = tmp_path / "acme-1.0.dist-info"
    info.mkdir()
    (tmp_path / "acme.py").write_text("HEAT = 1\n")
    (info / "RECORD").write_text("acme.py,,\nacme-1.0.dist-info/uv_cache.json,,\n")
    return Candidate(AGENTS, "sales", "acme:Sales", "acme", "1.0", str(info))


@pytest.fixture
def manifest(tmp_path):
    def of(*offers, refused=(), files=None):
        return Manifest.of(offers, Readings(str(tmp_path / "readings.json")), refused, files)

    return of


def test_nothing_differs_if_the_same_is_installed_again(manifest, offer, tmp_path):
    """Neither time stamps nor what installers write count."""
    before = manifest(offer)
    (tmp_path / "acme.py").touch()
    (tmp_path / "acme-1.0.dist-info" / "uv_cache.json").write_text("{}")

    assert manifest(offer).differing(before) == ()


def test_another_content_version_entry_point_or_approval_differs(manifest, offer, tmp_path):
    before = manifest(offer)
    renamed = Candidate(AGENTS, "other", offer.value, "acme", "1.0", offer.location)
    upgraded = Candidate(AGENTS, "sales", offer.value, "acme", "2.0", offer.location)

    assert manifest(renamed).differing(before) == ("acme",)
    assert manifest(upgraded).differing(before) == ("acme",)
    assert manifest(offer, refused={"acme"}).differing(before) == ("acme",)
    assert manifest().differing(before) == ("acme",)
    (tmp_path / "acme.py").write_text("HEAT = 2\n")
    assert manifest(offer).differing(before) == ("acme",)


def test_files_are_known_by_their_paths(manifest, offer, tmp_path):
    files = {}
    manifest(offer, files=files)

    assert files.keys() == {str(tmp_path / "acme.py")}
    distribution, file = files[str(tmp_path / "acme.py")]
    assert distribution == "acme"
    assert file.is_same(str(tmp_path / "acme.py"))


def test_the_host_itself_is_not_hosted(offer):
    own = Candidate(AGENTS, "x", "agenthost:x", "agenthost", "0.1.0", "")

    assert by_distribution([own, offer]) == {"acme": [offer]}
    assert modules_of([offer]) == ["acme"]
