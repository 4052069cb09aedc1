"""The imports that the test support needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import agenthost.testing


@pytest.mark.slow
def test_the_scripted_model_needs_no_pytest():
    """Scripts, demonstrations and other test runners use it.

    Only the contract of stores consists of tests.
    """
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "from agenthost.testing import Calls, Says, ScriptedModel\n"
        "with ScriptedModel(Says('Hello.')) as model: print(model.url)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert done.stdout.startswith("http://127.0.0.1:"), done.stderr


def test_all_names_are_there():
    assert {name for name in agenthost.testing.__all__ if hasattr(agenthost.testing, name)} == set(
        agenthost.testing.__all__
    )
    with pytest.raises(AttributeError, match=r"^module 'agenthost\.testing' has no attribute 'Nothing'$"):
        _ = agenthost.testing.Nothing
