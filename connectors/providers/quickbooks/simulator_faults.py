"""How the simulated QuickBooks says no: one exception that knows its fault body."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request, or one item of a batch, that QuickBooks does not accept."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str = "",
        *,
        element: str = "",
        status: int = 400,
        type: str = "ValidationFault",
    ) -> None:
        super().__init__(detail or message)
        self.status = status
        self.fault: dict[str, Any] = {
            "Error": [{"Message": message, "Detail": detail or message, "code": code, "element": element}],
            "type": type,
        }


def missing(element: str) -> Refused:
    """A required parameter is absent."""
    detail = f"Required parameter {element} is missing in the request"
    return Refused(
        "2020",
        "Required param missing, need to supply the required value for the API",
        detail,
        element=element,
    )


def bad_reference(element: str, value: str) -> Refused:
    """A reference leads nowhere."""
    return Refused("2500", "Invalid Reference Id", f"Invalid Reference Id : {element} {value}", element=element)


def not_found(what: str) -> Refused:
    """The object is absent, deleted or inactive."""
    detail = f"Object Not Found : Something you're trying to use has been made inactive. {what}"
    return Refused("610", "Object Not Found", detail)


def too_long(element: str, limit: int) -> Refused:
    """A text is longer than QuickBooks keeps."""
    detail = f"String length is either shorter or longer than supported by specification. Max:{limit} {element}"
    return Refused("2050", "String length specified does not match the supported length", detail, element=element)


def unsupported_value(element: str, value: object) -> Refused:
    """Not one of the allowed words."""
    detail = f"Invalid enumeration: {element} does not support {value}"
    return Refused("2170", "Invalid Enumeration", detail, element=element)


def malformed(detail: str, element: str = "") -> Refused:
    """A property that does not exist, or has the wrong form. The code is 2010 in Intuit's error list."""
    return Refused("2010", "Request has invalid or unsupported property", detail, element=element)


def business(detail: str) -> Refused:
    """A business rule; the text is for people."""
    return Refused("6000", "A business validation error has occurred while processing your request", detail)


def unsupported(detail: str) -> Refused:
    """An operation the entity does not have."""
    return Refused("500", "Unsupported Operation", detail)
