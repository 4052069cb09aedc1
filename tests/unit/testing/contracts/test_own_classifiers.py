"""The project's own classifiers keep the contract."""

import hashlib
import json
import re

import pytest

from agenthost import ClassifierTools, Completion, VectorClassifier
from agenthost.builtin.classifying.embeddings import Embeddings
from agenthost.builtin.classifying.embeddings_settings import EmbeddingsSettings
from agenthost.builtin.classifying.lexical import Lexical
from agenthost.builtin.classifying.llm import LanguageModel
from agenthost.testing import ClassifierContract, ScriptedModel


class TestLexical(ClassifierContract):
    """``lexical``."""

    @pytest.fixture
    def make_classifier(self):
        return Lexical


class TestLanguageModel(ClassifierContract):
    """``llm``, with a model that looks for words of the examples."""

    @pytest.fixture
    def make_classifier(self):
        return LanguageModel

    @pytest.fixture
    def tools(self):
        async def complete(request):
            message = json.loads(request.messages[-1].content)["message"]
            words = {"order": "orders", "tent": "repairs", "invoice": "billing"}
            agent = next((words[word] for word in words if word in message), "nobody")
            return Completion(json.dumps({"agent": agent, "confidence": 0.9, "reason": "a word"}))

        return ClassifierTools(complete)


def vector(text):
    counts = [0.05] * 64
    for word in re.findall(r"\w+", text.lower()):
        counts[hashlib.sha256(word.encode()).digest()[0] % 64] += 1
    return counts


class TestVectors(ClassifierContract):
    """``VectorClassifier``, the base of classifiers by meaning."""

    @pytest.fixture
    def make_classifier(self):
        async def embed(texts):
            return [vector(text) for text in texts]

        return lambda: VectorClassifier("vectors", embed)


class TestEmbeddings(ClassifierContract):
    """``embeddings``, with a server of the API."""

    @pytest.fixture
    def make_classifier(self):
        with ScriptedModel(embed=vector) as server:
            yield lambda: Embeddings("embeddings", EmbeddingsSettings(url=server.url, model="scripted"))
