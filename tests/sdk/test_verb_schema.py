"""The schema of verbs is that of the SDK."""

from __future__ import annotations

import verb_schema


def test_the_schema_is_up_to_date():
    """``python tests/sdk/verb_schema.py`` writes it."""
    assert verb_schema.FILE.read_text(encoding="utf-8") == verb_schema.text()
