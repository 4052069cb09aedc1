"""The tools on a real host, called as by the platform."""

from __future__ import annotations

import pytest
from agenthost_supportgenie import PROFILE, EscalationSettings


@pytest.mark.parametrize(
    ("topic", "tool", "arguments", "said"),
    [
        ("support", "find_article", {"question": "Which countries do you ship to?"}, "Delivery: We deliver to the EU"),
        ("support", "find_article", {"question": "xyzzy"}, "There is no article on that."),
        ("support", "get_profile", {"name": "sarah johnson"}, "is a Gold customer with the Plus plan and 25 orders"),
        ("support", "get_profile", {"name": "Nobody"}, "Which customer is it?"),
        ("technical", "troubleshoot", {"problem": "wifi is slow"}, "No Wi-Fi, or a slow one: 1. Restart the router"),
        ("technical", "troubleshoot", {"problem": "?"}, "There is no guide for that."),
        ("technical", "check_warranty", {"order_id": "#1022"}, "is under warranty until 2027-11-01."),
        ("technical", "check_warranty", {"order_id": "1001"}, "was under warranty until"),
        ("technical", "check_warranty", {"order_id": "9"}, "There is no order of that number."),
        ("sales", "find_order", {"order_id": "1040"}, "Vista 27 monitor for $279: shipped, tracking number TR734140."),
        ("sales", "find_order", {"order_id": "9"}, "There is no order of that number."),
        ("sales", "find_order", {"name": "Miguel Torres"}, "1032, Lumen Max phone: shipped; 1023, Aero 13 laptop"),
        ("sales", "find_order", {}, "Which order is it?"),
        ("sales", "find_products", {"query": "a laptop", "most_dollars": 1000}, "We have: Aero 13 laptop $899"),
        ("sales", "find_products", {"query": "headphones"}, "Hush Pro headphones $219 (over the ear"),
        ("sales", "find_products", {"query": "laptop", "most_dollars": 5}, "Nothing fits below $5."),
        ("sales", "cancel_order", {"order_id": "1040"}, "Order 1040 is shipped and cannot be cancelled."),
        ("sales", "upgrade_order", {"order_id": "1042"}, "Upgrades: LT-15 Aero 15 laptop, $300 more; LT-16P"),
        ("sales", "upgrade_order", {"order_id": "1025"}, "Order 1025 is delivered: it cannot be upgraded"),
        ("sales", "cancel_subscription", {"name": "Aisha Khan"}, "Aisha Khan has no subscription."),
        ("escalation", "request_refund", {"order_id": "1040"}, "Order 1040 has not arrived yet."),
        (
            "escalation",
            "request_refund",
            {"order_id": "1025"},
            "$1,899 is more than I may refund at once. Your case",
        ),
        ("escalation", "request_refund", {"order_id": "1023"}, "arrived 66 days ago, and refunds end after 30."),
        ("escalation", "request_refund", {"order_id": "0"}, "There is no order of that number."),
    ],
)
def test_what_a_tool_says(host, topic, tool, arguments, said):
    assert said in host.call(topic, tool, **arguments)["response"]


def test_a_gold_customer_returns_within_sixty_days(host):
    """Order 1031 arrived 45 days ago.

    That is too late for other customers.
    """
    assert (
        "$129 for order 1031 (Hush headphones) is refunded"
        in (host.call("escalation", "request_refund", order_id="1031")["response"])
    )


def test_what_one_agent_changes_the_others_see(host):
    cancelled, again = (host.call("sales", "cancel_order", order_id="1042")["response"] for _ in range(2))

    assert cancelled == "Order 1042 (Aero 13 laptop) is cancelled. $899 will not be charged."
    assert again == "Order 1042 was cancelled before."
    assert ": cancelled." in host.call("sales", "find_order", order_id="1042")["response"]
    assert "Order 1042 is cancelled" in host.call("sales", "upgrade_order", order_id="1042", sku="LT-15")["response"]

    refunded = host.call("escalation", "request_refund", order_id="1031")
    assert refunded["action"] == [{"set_global_data": {"refunded": "1031"}}]
    assert ": refunded." in host.call("sales", "find_order", order_id="1031")["response"]

    assert (
        "is now Lumen Max phone; $200 more"
        in (host.call("sales", "upgrade_order", order_id="1041", sku="ph-2")["response"])
    )
    assert "upgraded to Lumen Max phone" in host.call("sales", "find_order", order_id="1041")["response"]


def test_an_order_is_refunded_once(make_host):
    """Concurrent requests refund an order once."""
    host = make_host()
    requests = [
        host.request("escalation", "request_refund", call_id=f"call-{number}", order_id="1031") for number in range(4)
    ]
    said = [answer["response"] for answer in host.post_all(requests)]

    assert sum("is refunded within" in each for each in said) == 1
    assert sum("was refunded before" in each for each in said) == 3


def test_who_the_call_is_known_to_be_counts_before_what_a_model_says(host):
    """A caller who is known as Sarah Johnson cannot cancel what is Lena Novak's."""
    said = host.call("sales", "cancel_subscription", known=PROFILE, name="Lena Novak")["response"]

    assert said == "The Plus plan ends with this month."
    assert "was cancelled before" in host.call("sales", "cancel_subscription", known=PROFILE)["response"]
    assert host.call("sales", "change_billing_address", known=PROFILE, address="1 New Street")["response"] == (
        "From the next invoice on, Sarah Johnson is billed at 1 New Street."
    )


def test_a_problem_of_one_conversation_is_one_case(host):
    first, again = (host.call("escalation", "open_case", problem="It is lost", known=PROFILE) for _ in range(2))
    other = host.call("escalation", "open_case", problem="It is lost", call_id="call-2")

    assert first == again
    assert "Your case is 7001. Sarah Johnson, a manager calls you back by tomorrow noon." in first["response"]
    assert other["action"] == [{"set_global_data": {"case": 7002}}]


def test_a_person_is_connected_where_there_is_a_number(host, make_host):
    said = host.call("escalation", "connect_to_person", reason="It is lost")
    assert "No manager is free right now. Your case is" in said["response"]

    connecting = make_host(EscalationSettings(phone="+15550100"))
    answer = connecting.call("escalation", "connect_to_person", reason="It is lost")
    assert answer["action"][0]["SWML"]["sections"]["main"] == [{"connect": {"to": "+15550100"}}]


@pytest.mark.parametrize("topic", ["support", "technical", "sales"])
def test_specialists_hand_the_live_call_to_their_senior(host, topic):
    [action] = host.call(topic, "hand_to_senior", reason="A refund")["action"]
    [verb] = action["SWML"]["sections"]["main"]

    assert verb["transfer"]["dest"].endswith("@shop.example/genie/escalation")
