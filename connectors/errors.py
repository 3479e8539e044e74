"""What can go wrong at a provider, named for what the caller should do.

    ConnectorError
    |- TransientError       time-out, connection, 408, 5xx        back to queued, backs off
    |  '- RateLimited       429 or a quota header                 back to queued until retry_after; not a failed try
    |- UncertainWrite       a write was sent, no answer came      read back by key or marker before any repeat
    |- CredentialError      401 after a refresh, invalid_grant    failed; the integration needs a reconnect
    |- ConfigurationError   403, scope, wrong account or keys     failed until the settings change
    |- RejectedRecord       one record cannot be mapped or taken  set aside, the run goes on
    '- UnexpectedResponse   HTML, missing key, changed schema     failed, not retried

Messages are safe to show: they hold no body, header, token or query string, and say the next step.
"""


class ConnectorError(Exception):
    """`message` is English and marked for translation where it is fixed; `code` is the provider's own."""

    def __init__(self, message: str, *, code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.request_id = message, code, request_id


class TransientError(ConnectorError):
    pass


class RateLimited(TransientError):
    def __init__(self, message: str, *, retry_after_seconds: float, code: str = "", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.retry_after_seconds = retry_after_seconds


class UncertainWrite(ConnectorError):
    pass


class CredentialError(ConnectorError):
    pass


class ConfigurationError(ConnectorError):
    pass


class RejectedRecord(ConnectorError):
    """`next_step` is the sentence that says what a person does about it."""

    def __init__(self, message: str, *, next_step: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message, code=code, request_id=request_id)
        self.next_step = next_step


class UnexpectedResponse(ConnectorError):
    pass
