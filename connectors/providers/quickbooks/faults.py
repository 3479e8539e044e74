"""What QuickBooks says when it refuses, and what that means for us.

A refusal is `{"Fault": {"Error": [{"Message", "Detail", "code"}]}}`; authentication failures may write the same
in lower case; a gateway may answer HTML. Codes are text, sometimes padded with zeros ("003001").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from connectors.errors import ConfigurationError, ConnectorError, CredentialError, RateLimited, TransientError
from connectors.streams import Refused
from connectors.text import text

NOT_FOUND = 610
BAD_REFERENCE = 2500
THROTTLED = 3001
STALE = 5010
NUMBER_TAKEN = 6140
NAME_TAKEN = 6240
SEVERE = 10000
THROTTLE_SECONDS = 10.0
_TEXT_LIMIT = 300

_REAUTHORIZE = {
    3200: text("QuickBooks no longer accepts our access. Reconnect to go on."),
    100: text("QuickBooks does not let this user or app into the company. Reconnect as one of its administrators."),
    120: text("The administrator who connected QuickBooks lost the right to. Another administrator must reconnect."),
}
_SETTINGS = {
    5020: text("This QuickBooks subscription or user does not have the feature that is needed."),
    6190: text("The QuickBooks subscription has lapsed. Renew it in QuickBooks, then retry."),
}
# Code to (what happened, what to do); None stands for QuickBooks' own words, which are the message there.
_REFUSALS: dict[int, tuple[str | None, str]] = {
    500: (text("QuickBooks does not support this operation."), text("Do it in QuickBooks itself.")),
    NOT_FOUND: (
        text("Something this record refers to is missing or inactive in QuickBooks."),
        text("Make its customer, vendor, account or item active in QuickBooks, then retry."),
    ),
    2020: (None, text("Fill in what is missing, then retry.")),
    2050: (text("A text is longer than QuickBooks takes."), text("Shorten it, then retry.")),
    2170: (None, text("Change the value, then retry.")),
    2210: (text("QuickBooks does not accept the e-mail address."), text("Correct it, then retry.")),
    BAD_REFERENCE: (
        text("Something this record refers to does not exist in QuickBooks."),
        text("Check its customer, vendor, account and lines, then retry."),
    ),
    5020: (_SETTINGS[5020], text("Change the plan or the user's rights in QuickBooks, then retry.")),
    6000: (None, text("Correct the record as QuickBooks asks, then retry.")),
    6070: (
        text("A line's amount is not its quantity times its unit price."),
        text("Correct the line, then retry."),
    ),
    NUMBER_TAKEN: (
        text("The number is already used in QuickBooks."),
        text("Change the number here or there, then retry."),
    ),
    6190: (text("The QuickBooks subscription has lapsed."), text("Renew it in QuickBooks, then retry.")),
    6210: (
        text("The books of that date are closed in QuickBooks."),
        text("Change the date, or reopen the period in QuickBooks, then retry."),
    ),
    NAME_TAKEN: (
        text("The display name is already used in QuickBooks."),
        text("Change the display name here or there, then retry."),
    ),
    6540: (
        text("The payment has already been deposited and cannot be changed."),
        text("Take it out of its deposit in QuickBooks, then retry."),
    ),
}


@dataclass(frozen=True)
class Fault:
    """One error of an answer. `number` is 0 where QuickBooks gave no numeric code."""

    code: str = ""
    message: str = ""
    detail: str = ""

    @property
    def number(self) -> int:
        return int(self.code) if self.code.isdigit() else 0

    @property
    def may_pass(self) -> bool:
        """Whether trying again later may help: slowed down, in trouble, or no answer at all."""
        return self.number == THROTTLED or self.number >= SEVERE or self == Fault()

    @property
    def words(self) -> str:
        """QuickBooks' own words, cut to a length that can be shown."""
        said = self.detail if self.detail and self.detail != self.message else self.message
        return " ".join(said.split())[:_TEXT_LIMIT]


def parse(payload: Any) -> Fault:
    """The first error of an answer's fault; an empty Fault when there is none to read."""
    body = _any_case(payload, "Fault")
    errors = _any_case(body, "Error")
    first = errors[0] if isinstance(errors, list) and errors else {}
    return Fault(*(str(_any_case(first, name) or "") for name in ("code", "Message", "Detail")))


def explain(answer: requests.Response) -> tuple[str, str]:
    """Code and sentence of an error answer; empty where the body is not QuickBooks' own."""
    try:
        fault = parse(answer.json())
    except ValueError:
        return "", ""
    if fault.number == THROTTLED:
        return fault.code, text("QuickBooks asks to slow down.")
    known = _REAUTHORIZE.get(fault.number) or _SETTINGS.get(fault.number) or _REFUSALS.get(fault.number, (None,))[0]
    return fault.code, known or fault.words


def stops_everything(fault: Fault, request_id: str = "") -> ConnectorError | None:
    """The exception for a fault that is about the connection and not about one record."""
    if fault.number in _REAUTHORIZE:
        return CredentialError(_REAUTHORIZE[fault.number], code=fault.code, request_id=request_id)
    if fault.number == THROTTLED:
        return RateLimited(
            text("QuickBooks asks to slow down."),
            retry_after_seconds=THROTTLE_SECONDS,
            code=fault.code,
            request_id=request_id,
        )
    if fault.number >= SEVERE:
        return TransientError(text("QuickBooks is in trouble. It is tried again."), code=fault.code)
    return None


def stops_reading(fault: Fault, request_id: str = "") -> ConnectorError | None:
    """As `stops_everything`, and what the settings must change before anything can be read."""
    if fault.number in _SETTINGS:
        return ConfigurationError(_SETTINGS[fault.number], code=fault.code, request_id=request_id)
    return stops_everything(fault, request_id)


def refusal(fault: Fault) -> Refused:
    """The fault as an outcome of one record, in words that say what to do."""
    said, next_step = _REFUSALS.get(fault.number, (None, text("Correct the record, then retry.")))
    message = said or fault.words or text("QuickBooks refused the record without saying why.")
    return Refused(message, next_step, code=fault.code, answer=f"{fault.message}: {fault.words}"[:_TEXT_LIMIT])


def _any_case(holder: Any, name: str) -> Any:
    if not isinstance(holder, Mapping):
        return None
    return holder.get(name, holder.get(name.lower()))
