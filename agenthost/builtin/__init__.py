"""Built-ins: stores, models, classifiers, detectors and probes, written against the public names."""

from __future__ import annotations

__all__: list[str] = []
