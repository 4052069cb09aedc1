"""Comparisons with SignalWire's SDK, which only ``tox -e sdk`` installs."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("signalwire") else ["test_*.py"]
