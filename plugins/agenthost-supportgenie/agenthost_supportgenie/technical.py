"""Technical support: faults of devices and software."""

from __future__ import annotations

from agenthost import AgentBase
from agenthost_supportgenie.settings import ShopSettings
from agenthost_supportgenie.specialist import Referring

__all__ = ["TechnicalAgent"]

_EXAMPLES = {
    "en": [
        "The laptop does not turn on any more",
        "The app crashes when I open it",
        "My device keeps crashing",
        "The screen has a line across it",
        "There is a dead pixel on my new monitor",
        "The battery is empty after two hours",
        "My headphones do not pair with the phone",
        "I get error code 503 when I log in",
        "The Wi-Fi keeps dropping",
        "The update is stuck at 80 percent",
        "No sound from the left speaker",
        "The keyboard types the wrong letters",
        "The website does not load in my browser",
        "My tablet overheats while charging",
        "The camera shows a black picture",
        "My files are gone since the upgrade",
        "The touch screen does not respond",
        "How do I set up the VPN on my phone?",
        "The laptop arrived defective, it does not start",
        "The software freezes on the loading screen",
    ],
    "es": [
        "Mi portátil no enciende",
        "La aplicación se cierra sola",
        "La pantalla parpadea",
        "La batería se descarga muy rápido",
        "El wifi se corta todo el tiempo",
        "Me sale un error al entrar",
    ],
}


class TechnicalAgent(Referring):
    """The technical agent, at ``/genie/technical``: diagnosis of a device."""

    Settings = ShopSettings

    def __init__(self, settings: ShopSettings) -> None:
        super().__init__(
            "technical",
            settings,
            voice="rime.marsh",
            role="You are the technical support of an electronics shop: exact, and easy to follow.",
            knows=["Faults of devices and software", "Diagnosis", "Settings and configuration", "Warranty of a device"],
            rules=[
                "Ask what exactly happens, and since when, before you guess",
                "Go through the steps one by one, and ask what each of them changed",
                "When hardware has to be replaced, hand over to your senior colleague",
            ],
            description="Something does not work: devices, apps, screens, batteries, connections, errors.",
            examples=_EXAMPLES,
        )
        context = self.define_contexts().add_context("default")
        context.add_step("diagnosis").set_text(
            "Find the fault with the guide, one measure at a time."
        ).set_step_criteria("The customer has told what the measures changed").set_functions(
            ["troubleshoot", "hand_to_senior"]
        ).set_valid_steps(["replacement"])
        context.add_step("replacement").set_text(
            "The guide did not help: ask for the order number, and check the warranty before you promise anything."
        ).set_functions(["check_warranty", "hand_to_senior"]).set_valid_steps(["diagnosis"])

    @AgentBase.tool
    def troubleshoot(self, problem: str) -> str:
        """Find the steps to take against a fault of a device or of software.

        Such as a laptop that does not turn on, a device that arrived defective, an app that keeps crashing, dead pixels
        on a screen, a hot battery, Wi-Fi, Bluetooth, sound, an update that fails, an error code.

        Args:
            problem: What happens, in the customer's words
        """
        article = self.shop.article(problem, "guide")
        if article is None:
            return "There is no guide for that. Ask for the device, what happens, since when, and any error message."
        return f"{article.title}: {article.text}"

    @AgentBase.tool
    def check_warranty(self, order_id: str) -> str:
        """Check whether an order is still under warranty.

        Args:
            order_id: The order number, such as 1022
        """
        order = self.shop.order(order_id)
        if order is None:
            return "There is no order of that number. It stands in the mail that confirmed the order."
        until, today = order.warranty_until, self.shop.today()
        covered = f"is under warranty until {until}" if today <= until else f"was under warranty until {until}"
        return f"The {order.product} of order {order.number} {covered}."
