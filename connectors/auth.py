"""How a provider lets us in, declared as data."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class OAuth2:
    """OAuth 2.0 authorization code. Paths are appended to the environment's host of the same name.

    `account_parameter` is the callback's parameter that names the remote account; `extra_token_headers` are sent with
    every token request.
    """

    authorize_path: str
    token_path: str
    revoke_path: str
    scopes: tuple[str, ...]
    pkce: bool
    account_parameter: str = ""
    extra_token_headers: tuple[tuple[str, str], ...] = ()
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Base addresses without a trailing slash. The simulator's are made from the operator's own address."""

    authorize_url: str
    token_url: str
    revoke_url: str
    api_url: str


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a token endpoint gave. Seconds are counted from the answer; None where the provider does not say."""

    access_token: str
    refresh_token: str
    expires_in_seconds: int
    refresh_expires_in_seconds: int | None = None
    hard_expires_in_seconds: int | None = None

    def __repr__(self) -> str:
        return f"Token(expires_in_seconds={self.expires_in_seconds})"


@dataclass(frozen=True)
class ClientKeys:
    """The operator's app at the provider."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"ClientKeys({self.client_id!r})"
