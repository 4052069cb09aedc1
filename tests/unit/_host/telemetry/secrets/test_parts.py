"""The parts of a secret that are secret by themselves."""

import json

import pytest

from agenthost._host.telemetry.secrets.parts import secret_parts

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("secret", "parts"),
    [
        ("a password", set()),
        ("tell-nobody-about-this-1", set()),
        ("redis://user:st%2Fore@store.example:6379/0", {"st%2Fore", "st/ore"}),
        ("postgresql://agenthost_prod:pass@db.example/agents_2026?sslmode=require", {"pass"}),
        ("postgresql://db.example/agents?user=desk&password=tell", {"tell"}),
        ("https://hooks.example/services/T00000000/B0/tell-nobody", {"T00000000", "tell-nobody"}),
        ("https://api.example/v1/messages", set()),
        ("https://api.example/v1?token=tell&region=eu", {"tell"}),
        ("https://api.example/v1?X-Goog-Signature=4a%2Fb", {"4a%2Fb", "4a/b"}),
        ("https://api.example/v1?tell-nobody-1", {"tell-nobody-1"}),
        ("https://api.example/v1#access_token=tell", {"tell"}),
        ("https://sntrys_token1@o1.ingest.example/2", {"sntrys_token1"}),
        ("https://api.telegram.example/bot12345:AA-tell/sendit", {"bot12345:AA-tell"}),
        ("https://[broken", {"https://[broken"}),
        (PEM, {"MIIEvQIBADANBgkq", "hkiG9w0BAQEFAASC"}),
        (json.dumps({"client": "desk", "key": ["tell"], "url": "s://a/?sig=told"}), {"tell", "told"}),
        ("{not json", set()),
        ("[" * 100000, set()),
    ],
    ids=range(18),
)
def test_finds_what_may_be_logged_alone(secret, parts):
    assert set(secret_parts(secret)) == parts
