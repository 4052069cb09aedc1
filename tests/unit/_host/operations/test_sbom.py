"""The bill of materials: the hosted packages and their requirements.

It shows if the files are those that were installed.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from agenthost._host.generations.contents import contents_of
from agenthost._host.operations.hosted import with_requirements
from agenthost._host.operations.integrity import differing, unrecorded
from agenthost._host.operations.sbom import sbom_files

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Installs distributions below a directory of their own."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name, *requires, record=True, **metadata):
        stem = name.replace("-", "_")
        info = tmp_path / f"{stem}-1.0.dist-info"
        info.mkdir()
        headers = {"Metadata-Version": "2.4", "Name": name, "Version": "1.0", **metadata}
        lines = [f"{key.replace('_', '-')}: {value}" for key, value in headers.items()]
        (info / "METADATA").write_text("\n".join([*lines, *(f"Requires-Dist: {each}" for each in requires)]))
        files = {f"{stem}/{each}.py": f"# {each}\n" for each in ("__init__", "a", "b", "c")}
        (tmp_path / stem).mkdir()
        for file, text in files.items():
            (tmp_path / file).write_text(text)
        if record:
            hashes = {
                file: urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=") for file, text in files.items()
            }
            rows = [f"{file},sha256={digest.decode()},{len(files[file])}" for file, digest in hashes.items()]
            (info / "RECORD").write_text("\n".join([*rows, f"{info.name}/METADATA,,", f"{info.name}/RECORD,,", ""]))
        return tmp_path / stem

    return install


@pytest.fixture
def shop(install):
    """An agent package with requirements of every kind."""
    install("Shop.Agents", "catalog[fast]>=1", "gone>=1", "not a requirement!", 'windows-only; sys_platform == "win32"')
    install(
        "catalog",
        "fast-parser; extra == 'fast'",
        "slow-parser; extra == 'slow'",
        "shop-agents",
        License="MIT\n        and more",
    )
    install("fast-parser", License_Expression="Apache-2.0 OR MIT", Summary="Parses.")
    install("slow-parser")
    install("windows-only")
    return with_requirements({"shop.agents"})


def test_what_is_required_is_hosted_too(shop):
    """Requirements are direct or indirect, also in a circle, with the requested extras.

    Requirements for other environments are left out.
    """
    assert {each.name: each.requires for each in shop} == {
        "catalog": ("fast-parser", "shop-agents"),
        "fast-parser": (),
        "shop-agents": ("catalog",),
    }


def test_the_bill_lists_components_and_what_depends_on_what(shop):
    [(name, text)] = sbom_files(shop, NOW).items()
    bom = json.loads(text)

    assert name == "agenthost.cdx.json"
    assert (bom["bomFormat"], bom["specVersion"], bom["metadata"]["timestamp"]) == (
        "CycloneDX",
        "1.6",
        "2026-11-29T12:00:00Z",
    )
    assert [each["purl"] for each in bom["components"]] == [
        "pkg:pypi/catalog@1.0",
        "pkg:pypi/fast-parser@1.0",
        "pkg:pypi/shop-agents@1.0",
    ]
    assert {each["ref"]: each["dependsOn"] for each in bom["dependencies"]} == {
        "host": ["pkg:pypi/catalog@1.0", "pkg:pypi/fast-parser@1.0", "pkg:pypi/shop-agents@1.0"],
        "pkg:pypi/catalog@1.0": ["pkg:pypi/fast-parser@1.0", "pkg:pypi/shop-agents@1.0"],
        "pkg:pypi/fast-parser@1.0": [],
        "pkg:pypi/shop-agents@1.0": ["pkg:pypi/catalog@1.0"],
    }


def test_a_component_has_its_licence_and_the_digest_of_the_lock_file(shop):
    catalog, parser, agents = json.loads(sbom_files(shop, NOW)["agenthost.cdx.json"])["components"]

    assert (catalog["licenses"], parser["licenses"]) == (
        [{"license": {"name": "MIT"}}],
        [{"expression": "Apache-2.0 OR MIT"}],
    )
    assert ("licenses" in agents, parser["description"]) == (False, "Parses.")
    assert catalog["properties"] == [{"name": "agenthost:digest", "value": contents_of(shop[0].location).digest}]


def test_the_same_environment_has_the_same_bill(shop):
    assert sbom_files(shop, NOW) == sbom_files(with_requirements(["Shop-Agents"]), NOW)


def test_files_that_differ_from_their_record_are_named(install):
    folder = install("catalog")
    hosted = with_requirements({"catalog"})
    assert list(differing(hosted)) == list(unrecorded(hosted)) == []
    (folder / "a.py").write_text("import os\n")
    (folder / "b.py").unlink()

    [(says, fix)] = differing(hosted)
    assert says == "files of catalog 1.0 differ from its RECORD: catalog/a.py, catalog/b.py"
    assert fix.endswith("pip install --force-reinstall --no-deps catalog==1.0")

    for name in ("c", "__init__"):
        (folder / f"{name}.py").write_text("import os\n")
    assert [says.rpartition(": ")[2] for says, _ in differing(hosted)] == [
        "catalog/__init__.py, catalog/a.py, catalog/b.py and 1 more"
    ]


def test_a_distribution_without_record_is_named(install):
    install("catalog", record=False)

    [(says, fix)] = unrecorded(with_requirements({"catalog"}))

    assert says == "catalog 1.0 has no RECORD: a change of its files cannot be found"
    assert fix == "pip install --force-reinstall --no-deps catalog==1.0"
