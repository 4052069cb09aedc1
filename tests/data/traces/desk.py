"""Agents whose traces are kept."""

from agenthost import AgentBase, FunctionResult


class DeskAgent(AgentBase):
    """Hands the call to the library."""

    def __init__(self):
        super().__init__(name="desk", route="/desk")
        self.prompt_add_section("Role", "You answer the phone of a library.")
        self.add_language("English", "en-US", "rime.spore", function_fillers=["One moment.", "Let me see.", "Wait."])

    @AgentBase.tool
    def connect_loans(self) -> FunctionResult:
        """Connect the caller to the loans of books."""
        return FunctionResult("I connect you.").update_global_data({"from": "desk", "größe": 1.5}).hand_over("loans")


class LoansAgent(AgentBase):
    """Renews loans."""

    def __init__(self):
        super().__init__(name="loans", route="/loans")
        self.prompt_add_section("Role", "You renew loans.")
        self.set_param("static_greeting", "Loans, what is the number of your card?")
        self.set_post_prompt("Summarise the call.")

    @AgentBase.tool
    def renew_loan(self, card: str) -> FunctionResult:
        """Renew the loan of a card.

        Args:
            card: The number of the card, such as L-100
        """
        return FunctionResult(f"The loan of card {card} is renewed.").add_action("set_global_data", {"card": card})
