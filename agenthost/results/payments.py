"""The action that takes a payment, and its values."""

# ruff: noqa: FBT001, FBT002 - the field's agents pass these by position, and there are that many

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from agenthost.results.actions import Actions, swml_action
from agenthost.results.arguments import boolean, given, instance, spoken_form, whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PaymentActions"]

_PAID = "The payment status is ${pay_result}, do not mention anything else about collecting payment if successful."


class PaymentActions(Actions):
    """Actions on payments."""

    __slots__ = ()

    def pay(
        self,
        payment_connector_url: str,
        input_method: str = "dtmf",
        status_url: str | None = None,
        payment_method: str = "credit-card",
        timeout: int | str = 5,
        max_attempts: int | str = 1,
        security_code: bool | str = True,
        postal_code: bool | str = True,
        min_postal_code_length: int | str = 0,
        token_type: str = "reusable",  # noqa: S107 - a kind of token, not a secret
        charge_amount: str | None = None,
        currency: str = "usd",
        language: str = "en-US",
        voice: str = "woman",
        description: str | None = None,
        valid_card_types: str = "visa mastercard amex",
        parameters: Sequence[dict[str, str]] | None = None,
        prompts: Sequence[dict[str, Any]] | None = None,
        ai_response: str | None = _PAID,
    ) -> Self:
        """Take a card payment.

        Neither the model nor this host sees the card data. Numbers and booleans may also be variables of the platform,
        such as ``${args.attempts}``.

        Args:
            payment_connector_url: URL that the platform sends the payment to.
            input_method: Input of the card data: ``dtmf`` or ``voice``.
            status_url: URL for the platform's reports on the payment.
            payment_method: The means of payment.
            timeout: Seconds to wait for the next digit.
            max_attempts: Most attempts after a wrong entry.
            security_code: Whether the card's security code is asked for.
            postal_code: Whether the postal code is asked for, or the postal code itself.
            min_postal_code_length: Shortest postal code in digits.
            token_type: ``one-time`` or ``reusable``.
            charge_amount: Amount as a decimal text.
            currency: Currency code (ISO 4217).
            language: Language of the questions.
            voice: Voice of the questions.
            description: The subject of the payment.
            valid_card_types: Cards that are accepted, separated by spaces.
            parameters: More names and values for the connector, see ``create_payment_parameter``.
            prompts: Questions in the author's own words, see ``create_payment_prompt``.
            ai_response: The words for the model afterwards. ``${pay_result}`` is the outcome.

        Raises:
            DefinitionError: A number or boolean is something else.
        """
        instance("payment_connector_url", payment_connector_url, str, "a URL")
        payment = {
            "payment_connector_url": payment_connector_url,
            "input": input_method,
            "payment_method": payment_method,
            "timeout": spoken_form(whole_number("timeout", timeout)),
            "max_attempts": spoken_form(whole_number("max_attempts", max_attempts)),
            "security_code": spoken_form(boolean("security_code", security_code)),
            "postal_code": spoken_form(postal_code),
            "min_postal_code_length": spoken_form(whole_number("min_postal_code_length", min_postal_code_length)),
            "token_type": token_type,
            "currency": currency,
            "language": language,
            "voice": voice,
            "valid_card_types": valid_card_types,
        }
        payment |= given(
            status_url=status_url,
            charge_amount=charge_amount,
            description=description,
            parameters=parameters,
            prompts=prompts,
        )
        self.action.append(swml_action({"set": {"ai_response": ai_response}}, {"pay": payment}))
        return self

    @staticmethod
    def create_payment_prompt(
        for_situation: str,
        actions: list[dict[str, str]],
        card_type: str | None = None,
        error_type: str | None = None,
    ) -> dict[str, Any]:
        """Return the words for one situation of a payment.

        Args:
            for_situation: The situation, such as ``payment-card-number``.
            actions: The actions, see ``create_payment_action``.
            card_type: Cards it is for, separated by spaces. Defaults to all.
            error_type: Mistakes it is for, separated by spaces.
        """
        return {"for": for_situation, "actions": actions, **given(card_type=card_type, error_type=error_type)}

    @staticmethod
    def create_payment_action(action_type: str, phrase: str) -> dict[str, str]:
        """Return one text to say or sound to play.

        Args:
            action_type: ``Say`` or ``Play``.
            phrase: The text to say, or the URL of the sound to play.
        """
        return {"type": action_type, "phrase": phrase}

    @staticmethod
    def create_payment_parameter(name: str, value: str) -> dict[str, str]:
        """Return a name and value for the payment connector.

        Args:
            name: Name of the parameter.
            value: Its value.
        """
        return {"name": name, "value": value}
