"""Snapshots: nothing in them changes from run to run."""

from __future__ import annotations

import json
import uuid

from agenthost import AgentBase, FunctionResult
from agenthost.testing import HermeticHost, stable


class Desk(AgentBase):
    def __init__(self):
        super().__init__(name="desk", route="/desk")
        self.set_post_prompt("Summarise.")

    @AgentBase.tool
    def close(self) -> FunctionResult:
        """Close the desk."""
        return FunctionResult("Closed.")


def test_documents_of_two_hosts_are_equal():
    """Their addresses, passwords, keys and calls differ."""
    documents = []
    for url, call in (("https://one.example", "call-1"), ("https://two.example:8443/x", "call-2")):
        with HermeticHost() as host:
            host.add(Desk()).config(f'[host]\npublic_url = "{url}"\npassword = "{call}"\n')
            document = host.request("POST", "/desk", json={"call_id": call}).json()
            documents.append(stable(document, "one.example", "two.example"))

    assert documents[0] == json.loads(json.dumps(documents[1]).replace("HOST/x/", "HOST/"))
    assert "https://USER:PASSWORD@HOST/desk/swaig/?__token=TOKEN" in json.dumps(documents[0])


def test_ids_keep_their_identity():
    first, second = str(uuid.uuid4()), uuid.uuid4().hex
    value = {"call": first, "again": [first, f"of {second}"], "error_id": "e-0123456789ab", "own": "call-1"}

    assert stable(value) == {"call": "ID-1", "again": ["ID-1", "of ID-2"], "error_id": "ID-3", "own": "call-1"}


def test_what_is_not_random_stays():
    """Addresses of other systems, numbers, words, and the value itself."""
    value = {"url": "https://api.example:8080/x?token=secret", "n": 5, "none": None, "sip": "sip:desk@acme.example"}

    assert stable(value) == {**value, "url": "https://api.example:8080/x?token=TOKEN"}
    assert stable("http://[::1]:3000/desk and ws://localhost/x") == "http://HOST/desk and ws://HOST/x"
