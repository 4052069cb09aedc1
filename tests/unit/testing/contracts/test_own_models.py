"""The project's own models keep the contract."""

import pytest

from agenthost.builtin.offline.model import OfflineModel
from agenthost.builtin.openai_api.model import OpenAIModel
from agenthost.builtin.openai_api.settings import OpenAISettings
from agenthost.testing import Calls, ModelContract, Says, ScriptedModel


class TestOffline(ModelContract):
    """``offline``."""

    @pytest.fixture
    def make_model(self):
        return lambda: OfflineModel("offline")


def answer(body):
    """Call a tool where there is one, and then answer in words."""
    if body.get("tools") and body["messages"][-1]["role"] == "user":
        return Calls("tell_weather", {"city": "Rome"})
    return Says("Hello, this is the station.")


class TestOpenAI(ModelContract):
    """``openai``, with a server of its API."""

    @pytest.fixture
    def make_model(self):
        with ScriptedModel(then=answer) as server:
            yield lambda: OpenAIModel("house", OpenAISettings(url=server.url, model="scripted", timeout=10.0))
