"""OAuth bookkeeping for every simulated provider: consent codes, access tokens, refresh tokens that rotate.

consent -> code (once) -> access + refresh -> refresh' (refresh dies soon after) -> ... -> revoked or expired
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from connectors.simulator.store import Store


class GrantRefused(Exception):
    """The code or token is unknown, used, expired, superseded or revoked."""


@dataclass(frozen=True)
class Grant:
    """One person's consent for one remote account."""

    id: int
    account: str
    client_id: str
    scope: str
    granted_at: float
    revoked: bool


@dataclass(frozen=True)
class TokenPair:
    """What a token endpoint hands out."""

    grant: Grant
    access: str
    refresh: str


@dataclass(frozen=True)
class Lifetimes:
    """Seconds; `grace` is how long a superseded refresh token still works if its successor was not used."""

    access: int
    refresh: int
    grace: int
    rotate_after: int
    code: int = 600


class Grants:
    """The grants of one provider."""

    def __init__(self, store: Store, provider: str) -> None:
        self.store = store
        self.provider = provider

    def consent(self, *, account: str, client_id: str, scope: str, redirect_uri: str, lifetimes: Lifetimes) -> str:
        """Record that a person said yes; the single-use code."""
        grant_id = self.store.insert(
            "INSERT INTO grants (provider, account, client_id, scope, granted_at) VALUES (?, ?, ?, ?, ?)",
            (self.provider, account, client_id, scope, self.store.now()),
        )
        return self._issue(grant_id, "code", f"AB1{secrets.token_urlsafe(32)}", lifetimes.code, redirect_uri)

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, lifetimes: Lifetimes) -> TokenPair:
        """Exchange a code for tokens, once."""
        grant = self._live_grant(code, "code")
        bound_to = self.store.value("SELECT redirect_uri FROM tokens WHERE value = ?", (code,))
        if grant.client_id != client_id or bound_to != redirect_uri:
            raise GrantRefused("The code was issued to another client or redirect address.")
        now = self.store.now()
        if not self.store.execute("UPDATE tokens SET used_at = ? WHERE value = ? AND used_at IS NULL", (now, code)):
            raise GrantRefused("The code was already used.")
        return TokenPair(grant, self._new_access(grant, lifetimes), self._new_refresh(grant, lifetimes))

    def refresh(self, token: str, *, client_id: str, lifetimes: Lifetimes) -> TokenPair:
        """New access token and the refresh token to keep: the same, or a new one when it is time to rotate.

        A superseded token that is still in its grace gets the successor that was already issued, so an answer lost
        on the way can be asked for again.
        """
        grant = self._live_grant(token, "refresh")
        if grant.client_id != client_id:
            raise GrantRefused("The refresh token belongs to another client.")
        now = self.store.now()
        issued_at, superseded_at = self.store.rows(
            "SELECT issued_at, superseded_at FROM tokens WHERE value = ?", (token,)
        )[0]
        if superseded_at is not None:
            successor = self._successor(token, superseded_at, lifetimes)
            return TokenPair(grant, self._new_access(grant, lifetimes), successor)
        self.store.execute("UPDATE tokens SET used_at = ? WHERE value = ?", (now, token))
        if now - issued_at < lifetimes.rotate_after:
            self.store.execute("UPDATE tokens SET expires_at = ? WHERE value = ?", (now + lifetimes.refresh, token))
            return TokenPair(grant, self._new_access(grant, lifetimes), token)
        self.store.execute("UPDATE tokens SET superseded_at = ? WHERE value = ?", (now, token))
        return TokenPair(grant, self._new_access(grant, lifetimes), self._new_refresh(grant, lifetimes))

    def account_of(self, access_token: str) -> str:
        """The account that a valid access token may use."""
        return self._live_grant(access_token, "access").account

    def revoke(self, token: str, *, client_id: str) -> None:
        """End the whole grant that an access or refresh token belongs to."""
        changed = self.store.execute(
            "UPDATE grants SET revoked_at = ? WHERE provider = ? AND client_id = ? AND revoked_at IS NULL"
            " AND id IN (SELECT grant_id FROM tokens WHERE value = ? AND kind <> 'code')",
            (self.store.now(), self.provider, client_id, token),
        )
        if not changed:
            raise GrantRefused("No such token.")

    def revoke_all(self) -> None:
        """As if every person had disconnected the app."""
        self.store.execute(
            "UPDATE grants SET revoked_at = ? WHERE provider = ? AND revoked_at IS NULL",
            (self.store.now(), self.provider),
        )

    def expire_access_tokens(self) -> None:
        """Every access token handed out so far stops working now; refresh tokens stay."""
        self.store.execute(
            "UPDATE tokens SET expires_at = 0 WHERE kind = 'access'"
            " AND grant_id IN (SELECT id FROM grants WHERE provider = ?)",
            (self.provider,),
        )

    def is_connected(self, account: str) -> bool:
        """Whether somebody's grant for the account is still good."""
        found = self.store.row(
            "SELECT 1 FROM grants JOIN tokens ON grant_id = grants.id AND kind = 'refresh'"
            " WHERE provider = ? AND account = ? AND revoked_at IS NULL LIMIT 1",
            (self.provider, account),
        )
        return found is not None

    def _live_grant(self, value: str, kind: str) -> Grant:
        row = self.store.row(
            "SELECT grants.id, account, client_id, scope, granted_at, revoked_at, expires_at FROM tokens"
            " JOIN grants ON grants.id = grant_id WHERE value = ? AND kind = ? AND provider = ?",
            (value, kind, self.provider),
        )
        if row is None:
            raise GrantRefused("Unknown token.")
        grant = Grant(
            id=row[0],
            account=row[1],
            client_id=row[2],
            scope=row[3],
            granted_at=row[4],
            revoked=row[5] is not None,
        )
        if grant.revoked:
            raise GrantRefused("The grant was revoked.")
        if row[6] <= self.store.now():
            raise GrantRefused("Expired.")
        return grant

    def _successor(self, token: str, superseded_at: float, lifetimes: Lifetimes) -> str:
        following, used_at = self.store.rows(
            "SELECT later.value, later.used_at FROM tokens JOIN tokens AS later"
            " ON later.grant_id = tokens.grant_id AND later.kind = 'refresh' AND later.rowid > tokens.rowid"
            " WHERE tokens.value = ? ORDER BY later.rowid LIMIT 1",
            (token,),
        )[0]
        if used_at is not None or self.store.now() - superseded_at >= lifetimes.grace:
            raise GrantRefused("The refresh token was superseded by a newer one.")
        return str(following)

    def _new_access(self, grant: Grant, lifetimes: Lifetimes) -> str:
        return self._issue(grant.id, "access", f"eyJ{secrets.token_urlsafe(540)}", lifetimes.access)

    def _new_refresh(self, grant: Grant, lifetimes: Lifetimes) -> str:
        return self._issue(grant.id, "refresh", f"RT1-{secrets.token_urlsafe(36)}", lifetimes.refresh)

    def _issue(self, grant_id: int, kind: str, value: str, lifetime: int, redirect_uri: str | None = None) -> str:
        now = self.store.now()
        self.store.execute(
            "INSERT INTO tokens (value, grant_id, kind, issued_at, expires_at, redirect_uri) VALUES (?, ?, ?, ?, ?, ?)",
            (value, grant_id, kind, now, now + lifetime, redirect_uri),
        )
        return value
