"""The tests need SignalWire's SDK, which only ``tox -e sdk`` installs."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

collect_ignore_glob = [] if find_spec("signalwire") and find_spec("agenthost_signalwire") else ["test_*.py"]
