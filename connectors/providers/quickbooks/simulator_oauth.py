"""Intuit's OAuth 2.0 as the simulator plays it: consent page, token endpoint, revocation.

Rotation follows Intuit's "Refresh token FAQ" (2025): a refresh may bring a new value and the old one stops working
soon after. Here "soon" is when the new value has been used, or `refresh_grace_seconds`, whichever comes first.
"""

from __future__ import annotations

import base64
import hmac
from html import escape
from urllib.parse import urlencode, urlsplit

from connectors.providers.quickbooks.simulator_books import companies, open_books
from connectors.simulator import pages
from connectors.simulator.grants import GrantRefused, Lifetimes, TokenPair
from connectors.simulator.messages import BadRequest, Request, Response, json_response, redirect
from connectors.simulator.provider import SimulatedProvider

CLIENT_ID = "simulator-client"
CLIENT_SECRET = "simulator-secret"
SCOPE = "com.intuit.quickbooks.accounting"
OPTIONAL_SCOPES = frozenset(["openid", "profile", "email", "phone", "address", "com.intuit.quickbooks.payment"])
REFRESH_SECONDS = 8_726_400
HARD_EXPIRY_SECONDS = 5 * 365 * 24 * 3600
LOCAL_HOSTS = ("localhost", "::1")


def lifetimes(provider: SimulatedProvider) -> Lifetimes:
    """How long tokens live under the present settings."""
    return Lifetimes(
        access=int(provider.setting("access_token_seconds")),
        refresh=REFRESH_SECONDS,
        grace=int(provider.setting("refresh_grace_seconds")),
        rotate_after=24 * 3600 if provider.setting("rotate") == "daily" else 0,
    )


def consent_page(provider: SimulatedProvider, request: Request) -> Response:
    """Ask which company to connect, or answer what was chosen."""
    problem = _problem(request)
    if problem:
        return pages.page("Simulator: QuickBooks cannot continue", f"<p>{escape(problem)}</p>", status=400)
    if request.method == "POST":
        return _answer_consent(provider, request)
    choices = "".join(
        f'<label class="choice"><input type="radio" name="realm" value="{company.id}" required'
        f"{' checked' if position == 0 else ''}> <span>{escape(company.name)}"
        f' <span class="hint">{company.country}, {company.currency}, company {company.id}</span></span></label>'
        for position, company in enumerate(companies(provider))
    )
    body = f"""<p>An app asks to read and change the accounting data of one company. This is the simulator's consent
page, not Intuit's: no Intuit account is involved.</p>
<form method="post" action="?{escape(urlencode(request.query))}">
<fieldset><legend>Company to connect</legend>{choices}</fieldset>
<div class="row"><button name="decision" value="connect">Connect</button>
<button class="quiet" name="decision" value="refuse" formnovalidate>Refuse</button></div>
</form>"""
    target = urlsplit(request.query["redirect_uri"])
    return pages.page("Simulator: connect QuickBooks", body, form_targets=f"{target.scheme}://{target.netloc}")


def _problem(request: Request) -> str:
    query = request.query
    if query.get("client_id") != CLIENT_ID:
        return f"The app's client id is not known. The simulator knows one: {CLIENT_ID}."
    if query.get("response_type") != "code":
        return "response_type must be code."
    scopes = query.get("scope", "").split()
    if SCOPE not in scopes or set(scopes) - OPTIONAL_SCOPES - {SCOPE}:
        return f"The scope must hold {SCOPE} and nothing unknown."
    if not query.get("state"):
        return "state is missing."
    if not _is_allowed_redirect(query.get("redirect_uri", "")):
        return "redirect_uri must be an https address, or http on this computer or a local network name."
    return ""


def _is_allowed_redirect(address: str) -> bool:
    """Development keys may use http on localhost; names without a dot are those of a container network."""
    target = urlsplit(address)
    host = target.hostname or ""
    if not host or target.fragment or target.username or any(character <= " " for character in address):
        return False
    is_local = host in LOCAL_HOSTS or host.startswith("127.") or host.endswith(".localhost") or "." not in host
    return target.scheme == "https" or (target.scheme == "http" and is_local)


def _answer_consent(provider: SimulatedProvider, request: Request) -> Response:
    query, form = request.query, request.form()
    address = query["redirect_uri"]
    separator = "&" if urlsplit(address).query else "?"
    if form.get("decision") != "connect":
        return redirect(f"{address}{separator}{urlencode({'error': 'access_denied', 'state': query['state']})}")
    realm = form.get("realm", "")
    if open_books(provider, realm) is None:
        raise BadRequest("Choose one of the companies.")
    code = provider.grants.consent(
        account=realm,
        client_id=CLIENT_ID,
        scope=query["scope"],
        redirect_uri=address,
        lifetimes=lifetimes(provider),
    )
    answer = {"code": code, "state": query["state"], "realmId": realm}
    return redirect(f"{address}{separator}{urlencode(answer)}")


def token(provider: SimulatedProvider, request: Request) -> Response:
    """The token endpoint: a code or a refresh token for a new pair."""
    if not _is_client(request):
        return json_response({"error": "invalid_client"}, status=401)
    form = request.form()
    grant_type = form.get("grant_type", "")
    provider.count(f"token:{grant_type}")
    try:
        if grant_type == "authorization_code":
            pair = provider.grants.redeem(
                form.get("code", ""),
                client_id=CLIENT_ID,
                redirect_uri=form.get("redirect_uri", ""),
                lifetimes=lifetimes(provider),
            )
        elif grant_type == "refresh_token":
            pair = provider.grants.refresh(
                form.get("refresh_token", ""), client_id=CLIENT_ID, lifetimes=lifetimes(provider)
            )
        else:
            return json_response({"error": "unsupported_grant_type"}, status=400)
        return _token_answer(provider, request, pair)
    except GrantRefused as refusal:
        return json_response({"error": "invalid_grant", "error_description": str(refusal)}, status=400)


def _token_answer(provider: SimulatedProvider, request: Request, pair: TokenPair) -> Response:
    hard_seconds = int(pair.grant.granted_at + HARD_EXPIRY_SECONDS - provider.store.now())
    if hard_seconds <= 0:
        raise GrantRefused("The consent is older than five years.")
    answer: dict[str, object] = {
        "access_token": pair.access,
        "refresh_token": pair.refresh,
        "token_type": "bearer",
        "expires_in": int(provider.setting("access_token_seconds")),
        "x_refresh_token_expires_in": min(REFRESH_SECONDS, hard_seconds),
    }
    if request.headers.get("x-include-refresh-token-hard-expires-in") == "true":
        answer["x_refresh_token_hard_expires_in"] = hard_seconds
    return json_response(answer)


def revoke(provider: SimulatedProvider, request: Request) -> Response:
    """The revocation endpoint."""
    if not _is_client(request):
        return Response(401)
    provider.count("revoke")
    try:
        value = request.json()["token"]
        provider.grants.revoke(str(value), client_id=CLIENT_ID)
    except (ValueError, KeyError, TypeError, GrantRefused):
        return Response(400)
    return Response(200)


def _is_client(request: Request) -> bool:
    """HTTP Basic with the app's keys; credentials in the form are not taken."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return hmac.compare_digest(encoded.strip(), expected)
