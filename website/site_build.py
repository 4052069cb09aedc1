"""Build the documentation site: ``tox -e docs``.

Each version has a folder of its own below ``--out``, and a page offers the versions that lie beside it. Warnings are
errors.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.version import InvalidVersion, Version
from site_llms import write_for_models
from site_sources import ROOT, stage

__all__ = ["clear_corners", "list_versions", "main", "version"]

_CORNER = '<th class="head"><p></p></th>'
_ENTRY = '<!doctype html><meta charset="utf-8"><title>agenthost</title><meta http-equiv="refresh" content="0; url={}/">'


def main(arguments: list[str]) -> int:
    """Build one version, list all, and return the exit code."""
    parser = argparse.ArgumentParser(description="Build the documentation site.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="the folder of all versions")
    parser.add_argument("--version", default=version(), help="the version that the pages describe")
    options = parser.parse_args(arguments)
    site = options.out / options.version
    with tempfile.TemporaryDirectory() as folder:
        stage(Path(folder))
        shutil.rmtree(site, ignore_errors=True)
        if code := _sphinx(Path(folder), site, options.version):
            return code
        write_for_models(Path(folder), site)
    clear_corners(site)
    list_versions(options.out)
    print(f"{site / 'index.html'}: {sum(1 for _ in site.rglob('*.html'))} pages")
    return 0


def version() -> str:
    """Return the version of this checkout."""
    text = (ROOT / "agenthost" / "_version.py").read_text(encoding="utf-8")
    return re.sub(r'.*__version__ = "(.+?)".*', r"\1", text, flags=re.DOTALL)


def _sphinx(sources: Path, site: Path, version: str) -> int:
    """Run Sphinx with warnings as errors, and keep its caches out of the site."""
    here = str(Path(__file__).parent)
    caches = str(sources / ".doctrees")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--jobs", "auto", "--quiet", "--conf-dir", here]
    return subprocess.run(
        [*command, "--doctree-dir", caches, str(sources), str(site)],
        env=os.environ | {"SITE_VERSION": version},
        check=False,
    ).returncode


def clear_corners(site: Path) -> None:
    """Make the empty corners of tables cells, as a header without words names nothing."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        if _CORNER in text:
            page.write_text(text.replace(_CORNER, "<td></td>"), encoding="utf-8")


def list_versions(out: Path) -> None:
    """List the versions for the pages, and let the root lead to the newest one."""
    found: list[Version] = []
    for folder in out.iterdir():
        if (folder / "index.html").is_file():
            try:
                found.append(Version(folder.name))
            except InvalidVersion:
                continue
    versions = [str(version) for version in sorted(found, reverse=True)]
    (out / "versions.js").write_text(f"window.SITE_VERSIONS = {json.dumps(versions)};\n", encoding="utf-8")
    (out / "index.html").write_text(_ENTRY.format(versions[0]), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
