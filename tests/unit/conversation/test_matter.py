"""The matter of a message: without names of people and without denied matters."""

import json
from pathlib import Path

import pytest

from agenthost.conversation.matter import matter

DATA = Path(__file__).parents[2] / "data"


@pytest.mark.parametrize(
    ("text", "gone", "stays"),
    [
        ("not the invoice, the delivery", "invoice", "delivery"),
        ("It's not about the invoice, it's about my delivery", "invoice", "delivery"),
        ("I'm calling about the delivery, not the invoice.", "invoice", "delivery"),
        ("I don\u2019t want a refund, I want my delivery", "refund", "delivery"),
        ("I don't need the invoice but the delivery", "invoice", "delivery"),
        ("No es por la factura, es por el envío", "factura", "envío"),
        ("no la factura, sino la entrega", "factura", "entrega"),
        ("Ce n'est pas pour la facture, c'est pour la livraison", "facture", "livraison"),
        ("pas l'écran, mais la batterie", "écran", "batterie"),
        ("nicht die Rechnung, sondern die Lieferung", "Rechnung", "Lieferung"),
        ("keine Rechnung, sondern eine Lieferung", "Rechnung", "Lieferung"),
        ("não é a fatura, é a entrega", "fatura", "entrega"),
        ("non la fattura, ma la consegna", "fattura", "consegna"),
        ("niet de factuur, maar de levering", "factuur", "levering"),
    ],
)
def test_a_denied_matter_goes_and_the_other_stays(text, gone, stays):
    assert gone not in matter(text)
    assert stays in matter(text)


@pytest.mark.parametrize(
    ("text", "gone", "stays"),
    [
        ("my name is Bill and my screen is black", "Bill", "screen"),
        ("my name is bill price", "price", ""),
        ("Hi, this is Grace Price, where is my parcel?", "Price", "parcel"),
        ("I'm Bill.", "Bill", ""),
        ("I spoke to Bill yesterday about the crash", "Bill", "crash"),
        ("Mr. Price told me that the router is broken", "Price", "router"),
        ("Me llamo Rosa Factura, mi pantalla está negra", "Factura", "pantalla"),
        ("Je m'appelle Luc Prix et mon écran est noir", "Prix", "écran"),
        ("Ich heiße Anna Rechnung und mein Handy ist kaputt", "Rechnung", "Handy"),
        ("Meu nome é João Preço, a tela está preta", "Preço", "tela"),
        ("Mi chiamo Rosa Conto, lo schermo è nero", "Conto", "schermo"),
        ("Mijn naam is Jan Prijs, het scherm is zwart", "Prijs", "scherm"),
    ],
)
def test_the_name_of_a_person_is_not_a_matter(text, gone, stays):
    assert gone.casefold() not in matter(text).casefold()
    assert stays in matter(text)


@pytest.mark.parametrize(
    "text",
    [
        "the app is not working, the screen is black",
        "it is not charging, it just blinks",
        "I do not have my password, I need to reset it",
        "that's not my order, I received the wrong one",
        "no, the delivery",
        "not the invoice",
        "I am locked out",
        "la aplicación no funciona, la pantalla está negra",
        "die App geht nicht, der Bildschirm ist schwarz",
        "",
    ],
)
def test_a_fault_is_not_a_denial(text):
    assert matter(text) == text


def test_queries_of_the_data_sets_keep_their_matter():
    """Only one of them denies a matter."""
    changed = []
    for path in sorted(DATA.glob("router_queries*.jsonl")):
        queries = [json.loads(line)["query"] for line in path.read_text(encoding="utf-8").splitlines()]
        changed += [query for query in queries if matter(query) != query.strip(" ,;–-")]

    assert len(changed) <= 3
    assert "get me a real person, not a bot" in changed


@pytest.mark.parametrize("text", ["not the " * 500, "not" + " a" * 2000, "my name is " * 300, "not a-" + "a-" * 2000])
def test_a_long_message_takes_no_long_time(text):
    """The patterns have bounds: a second would be a thousand times the usual time."""
    assert len(matter(text)) <= 2000
