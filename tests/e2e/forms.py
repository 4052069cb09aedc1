"""Forms of the console, sent as a browser does."""

import re

from caller import Caller, basic, host
from raw_http import Connection, written


def send_form(served, path, auth, fields=b""):
    """Open a page, and send its form with some fields."""
    [token] = re.findall(rb'name="token" value="(\w+)"', Caller(served.url, auth).ask("GET", path).body)
    form = b"token=" + token + b"&" + fields
    with Connection.to(served.url) as connection:
        request = written(
            f"POST {path} HTTP/1.1",
            f"Host: {host(served.url)}",
            f"Authorization: {basic(*auth)}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(form)}",
            body=form,
        )
        return connection.ask(request)
