"""Forms that pages of this host send."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from agenthost._web.console.texts import gettext
from agenthost._web.request.requests import Refused, read_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agenthost._web.request.site import Request

__all__ = ["read_form", "refuse_other_sites"]

_FORM = b"application/x-www-form-urlencoded"
_MOST_FIELDS = 256


def refuse_other_sites(request: Request) -> None:
    """Refuse a form that a page of another site has sent.

    Raises:
        Refused: 403.
    """
    sent_by = next((value for name, value in request.scope["headers"] if name == b"sec-fetch-site"), b"none")
    if sent_by not in (b"same-origin", b"none"):
        raise Refused(403, gettext("the form was sent by another site"))


async def read_form(request: Request, most: int) -> Mapping[str, str]:
    """Return the fields of a form of a page of this host.

    Raises:
        Refused: it is longer than ``most`` bytes, or is not a form.
    """
    if (request.head.content_type or b"").partition(b";")[0].strip().lower() != _FORM:
        raise Refused(415, gettext("Content-Type must be {type}").format(type=_FORM.decode()))
    request.head.check_any_body(most)
    body = await read_body(request.receive, most)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Refused(400, gettext("the body is not a form")) from error
    return {name: values[0] for name, values in fields.items()}
