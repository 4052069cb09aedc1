"""Blocks of pages as modules, which ``tox -e types`` checks."""

from __future__ import annotations

import ast

from doc_blocks import write_blocks
from pages import DOCS, every


def test_every_block_is_a_module_with_the_lines_of_its_page(tmp_path):
    written = write_blocks(tmp_path)
    page = (DOCS / "how-to" / "write-tools.md").read_text(encoding="utf-8").splitlines()
    modules = sorted(tmp_path.glob("docs_how_to_write_tools_*.py"))

    assert len(written) == len(set(written)) == len(every("python"))
    assert modules
    for module in modules:
        lines = module.read_text(encoding="utf-8").splitlines()
        code = [number for number, line in enumerate(lines) if line]
        assert [lines[number] for number in code] == [page[number] for number in code]
        ast.parse("\n".join(lines))


def test_modules_that_tests_import_have_their_names(tmp_path):
    write_blocks(tmp_path)

    assert (tmp_path / "agenthost_library.py").is_file()
    assert "from agenthost_library import" in (tmp_path / "test_library.py").read_text(encoding="utf-8")
