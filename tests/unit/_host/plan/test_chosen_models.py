"""The language models of a host, and the reasons for missing ones."""

from __future__ import annotations

import pytest
from attrs import frozen

from agenthost import Completion, ModelProvider, ModelRefused
from agenthost._host.config.load import load_config
from agenthost._host.plan.chosen_models import choose_models
from agenthost.builtin import model_offline, model_openai

BUILT_IN = [("built in", each) for module in (model_offline, model_openai) for each in module.chat_models()]


@frozen
class EchoSettings:
    """The settings of an echo model."""

    loud: bool = False


@frozen
class Echo:
    """A model of a plugin."""

    name: str
    settings: EchoSettings

    async def answer(self, request):
        yield Completion(request.messages[-1].content)


def fails(name, _):
    raise OSError(f"{name} has no disk")


ECHO = ("pkg:echo", ModelProvider("echo", Echo, EchoSettings))


@pytest.fixture
def configured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(text):
        (tmp_path / "agenthost.toml").write_text(text, encoding="utf-8")
        return load_config(None, {})

    return write


def test_offline_is_there_without_being_configured(configured):
    models = choose_models(configured(""), BUILT_IN)

    assert (models.find().name, models.warnings) == ("offline", ())


def test_a_model_is_made_with_its_settings_only_where_it_is_used(configured):
    config = configured(
        '[models]\ndefault = "loud"\n[models.loud]\nkind = "echo"\nloud = true\n[models.unused]\nkind = "gone"\n'
    )
    models = choose_models(config, [*BUILT_IN, ECHO], ["echo"])

    assert models.find() == Echo("loud", EchoSettings(loud=True))
    assert models.find("echo") == Echo("echo", EchoSettings())
    assert sorted(models.made) == ["echo", "loud", "offline"]
    with pytest.raises(ModelRefused, match=r"there is no language model 'unused'"):
        models.find("unused")


@pytest.mark.parametrize(
    ("section", "providers", "told"),
    [
        ("", [], "models.x: no plugin makes models of the kind 'x'. fix: set kind to one of offline, openai."),
        ('kind = "echo"\nquiet = true', [ECHO], "models.x.quiet: there is no such key."),
        (
            'kind = "offline"\nloud = true',
            [],
            "models.x: this model has no settings, but it sets loud. fix: remove them.",
        ),
        ('kind = "openai"\ntimeout = "long"', [], "models.x.timeout"),
        ('kind = "echo"', [ECHO, ("other:echo", ECHO[1])], "pkg:echo and other:echo both make models of the kind"),
        ('kind = "bad"', [("pkg:bad", ModelProvider("bad", fails))], "models.x: OSError: x has no disk"),
    ],
    ids=["unknown", "key", "settings", "type", "two", "fails"],
)
def test_a_model_that_cannot_be_made_is_told_and_no_other_suffers(configured, section, providers, told):
    config = configured(f'[models]\ndefault = "x"\n[models.x]\n{section}\n')
    models = choose_models(config, [*BUILT_IN, *providers])

    [warning] = models.warnings
    assert told in warning
    assert models.find("offline").name == "offline"
    with pytest.raises(ModelRefused) as refused:
        models.find()
    assert str(refused.value) == warning
