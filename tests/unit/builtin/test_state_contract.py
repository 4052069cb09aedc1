"""The built-in stores keep the contract."""

import pytest

from agenthost.builtin.state_memory import memory_provider
from agenthost.builtin.state_sqlite import sqlite_provider
from agenthost.testing import StoreContract


class TestMemory(StoreContract):
    """``memory://``."""

    @pytest.fixture
    def provider(self):
        return memory_provider()

    @pytest.fixture
    def url(self):
        return "memory://"


class TestSqlite(StoreContract):
    """``sqlite:///file``."""

    @pytest.fixture
    def provider(self):
        return sqlite_provider()

    @pytest.fixture
    def url(self):
        return "sqlite:///state.db"
