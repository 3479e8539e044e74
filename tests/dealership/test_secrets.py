"""Secrets are ciphertext in the database whatever way they get there, and readable only where they were written."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.db import connection, transaction
from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Concat, Upper
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from dealership.crypto import Keyring, UnreadableSecret, ring
from dealership.fields import SecretTextField
from dealership.models import Dealership
from integrations.models import Credential, Integration, OAuthClient

SECRET = "never-in-the-database"
OLD, NEW = "11" * 32, "22" * 32


def client(provider: str = "quickbooks", secret: str = SECRET, **values: Any) -> OAuthClient:
    made: OAuthClient = OAuthClient.objects.create(
        provider=provider, environment="sandbox", client_id="app", client_secret=secret, **values
    )
    return made


def credential(secret: object) -> Credential:
    home = Dealership.objects.create(name="Rideau Auto", slug=f"rideau-{uuid.uuid4()}")
    integration = Integration.objects.create(dealership=home, provider="quickbooks", environment="sandbox")
    made: Credential = Credential.objects.create(dealership=home, integration=integration, secret=secret)
    return made


def stored(column: str = "client_secret", table: str = "integrations_oauthclient") -> list[bytes | None]:
    """The bytes as they lie in the table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table} ORDER BY 1")
        return [None if row[0] is None else bytes(row[0]) for row in cursor.fetchall()]


def put(token: bytes, column: str = "client_secret") -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE integrations_oauthclient SET {column} = %s", [token])


@pytest.mark.django_db
@pytest.mark.parametrize("secret", ["", "x", SECRET, "Zoë 🔑 \x00 '\"", "long " * 5000])
def test_what_was_saved_is_read_and_only_ciphertext_is_stored(secret: str) -> None:
    client(secret=secret)

    assert OAuthClient.objects.get().client_secret == secret
    token = stored()[0]
    assert token is not None
    assert token.startswith(b"g1\x04test")
    assert len(secret) < 4 or secret.encode() not in token


@pytest.mark.django_db
def test_equal_secrets_are_stored_differently() -> None:
    client("a")
    client("b")

    first, second = stored()
    assert first != second


@pytest.mark.django_db
def test_nothing_stays_nothing() -> None:
    made = credential(None)

    assert Credential.objects.get().secret is None
    assert stored("secret", "integrations_credential") == [None]
    assert Credential.objects.filter(secret__isnull=True).get() == made


@pytest.mark.django_db
def test_a_json_value_comes_back_as_it_was() -> None:
    value = {"access": SECRET, "scopes": ["a", "b"], "life": 3600, "none": None}
    credential(value)

    assert Credential.objects.get().secret == value
    token = stored("secret", "integrations_credential")[0]
    assert token is not None
    assert SECRET.encode() not in token


@pytest.mark.django_db
def test_it_is_readable_through_values_too() -> None:
    client(webhook_secret="hook")

    assert OAuthClient.objects.values("client_secret", "webhook_secret").get() == {
        "client_secret": SECRET,
        "webhook_secret": "hook",
    }
    assert list(OAuthClient.objects.values_list("client_secret", flat=True)) == [SECRET]
    assert OAuthClient.objects.defer("client_secret").get().client_secret == SECRET


@pytest.mark.django_db
def test_an_update_by_query_encrypts() -> None:
    client()

    OAuthClient.objects.update(client_secret="second-secret")

    assert OAuthClient.objects.get().client_secret == "second-secret"
    assert b"second-secret" not in (stored()[0] or b"")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "expression",
    [
        F("client_id"),
        F("webhook_secret"),
        Upper(F("client_id")),
        Concat(F("client_id"), Value("x"), output_field=TextField()),
        Value("plain", output_field=TextField()),
        Case(When(client_id="app", then=F("client_id")), default=Value("x")),
    ],
)
def test_an_expression_is_refused_as_the_database_cannot_encrypt(expression: Any) -> None:
    client()

    with pytest.raises(FieldError), transaction.atomic():
        OAuthClient.objects.update(client_secret=expression)

    assert OAuthClient.objects.get().client_secret == SECRET


@pytest.mark.django_db
def test_many_are_made_at_once() -> None:
    OAuthClient.objects.bulk_create(
        OAuthClient(provider=f"p{n}", environment="sandbox", client_id="app", client_secret=f"secret-{n}")
        for n in range(500)
    )

    read = dict(OAuthClient.objects.values_list("provider", "client_secret"))
    assert read == {f"p{n}": f"secret-{n}" for n in range(500)}
    assert not any(b"secret-" in (token or b"") for token in stored())


@pytest.mark.django_db
def test_many_are_changed_at_once_each_to_its_own() -> None:
    rows = [client(f"p{n}", f"secret-{n}") for n in range(20)]
    for row in rows:
        setattr(row, "client_secret", f"changed-{row.provider}")  # noqa: B010 - the field carries no types

    OAuthClient.objects.bulk_update(rows, ["client_secret"], batch_size=7)

    read = dict(OAuthClient.objects.values_list("provider", "client_secret"))
    assert read == {f"p{n}": f"changed-p{n}" for n in range(20)}
    assert not any(b"changed" in (token or b"") for token in stored())


@pytest.mark.django_db
def test_many_are_changed_at_once_some_to_nothing() -> None:
    kept, emptied = credential({"a": 1}), credential({"b": 2})
    for row, secret in ((kept, {"a": 3}), (emptied, None)):
        setattr(row, "secret", secret)  # noqa: B010 - the field carries no types

    Credential.objects.bulk_update([kept, emptied], ["secret"])

    assert Credential.objects.get(pk=kept.pk).secret == {"a": 3}
    assert Credential.objects.get(pk=emptied.pk).secret is None


@pytest.mark.django_db
def test_an_upsert_encrypts() -> None:
    for secret in ("first-secret", "second-secret"):
        OAuthClient.objects.update_or_create(
            provider="quickbooks", environment="sandbox", defaults={"client_id": "app", "client_secret": secret}
        )

    assert OAuthClient.objects.get().client_secret == "second-secret"
    assert b"second-secret" not in (stored()[0] or b"")


@pytest.mark.django_db
@pytest.mark.parametrize("lookup", ["exact", "iexact", "contains", "in", "startswith", "gt", "regex"])
def test_it_cannot_be_searched_for(lookup: str) -> None:
    client()

    with pytest.raises(FieldError):
        OAuthClient.objects.filter(**{f"client_secret__{lookup}": [SECRET] if lookup == "in" else SECRET}).exists()


@pytest.mark.django_db
def test_a_value_moved_to_another_column_is_refused() -> None:
    client(webhook_secret="hook")
    token = stored()[0]
    assert token is not None
    put(token, "webhook_secret")

    with pytest.raises(UnreadableSecret, match="belongs to another place"):
        OAuthClient.objects.get()


@pytest.mark.django_db
@pytest.mark.parametrize("position", [0, 2, 3, 7, 12, 25, -1])
def test_a_value_altered_in_any_byte_is_refused(position: int) -> None:
    client()
    token = bytearray(stored()[0] or b"")
    token[position] ^= 1
    put(bytes(token))

    with pytest.raises(UnreadableSecret) as refusal:
        OAuthClient.objects.get()

    assert SECRET not in str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize("length", [0, 1, 2, 3, 7, 18, 30])
def test_a_value_cut_off_is_refused(length: int) -> None:
    client()
    put((stored()[0] or b"")[:length])

    with pytest.raises(UnreadableSecret):
        OAuthClient.objects.get()


@pytest.mark.django_db
def test_a_new_key_reads_the_old_values_and_writes_its_own_until_the_old_key_can_go(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = {"k1": OLD}
    client("a")
    client("b")
    settings.CREDENTIAL_KEYS = {"k2": NEW, "k1": OLD}

    read = [row.client_secret for row in OAuthClient.objects.all()]
    for row in OAuthClient.objects.all():
        row.save()
    moved = [ring().uses_active_key(token or b"") for token in stored()]
    settings.CREDENTIAL_KEYS = {"k2": NEW}

    assert (read, moved) == ([SECRET, SECRET], [True, True])
    assert [row.client_secret for row in OAuthClient.objects.all()] == [SECRET, SECRET]


@pytest.mark.django_db
def test_a_key_that_went_too_early_is_named_as_the_reason(settings: Settings) -> None:
    settings.CREDENTIAL_KEYS = {"k1": OLD}
    client()
    settings.CREDENTIAL_KEYS = {"k2": NEW}

    with pytest.raises(UnreadableSecret, match="not in CREDENTIAL_KEYS"):
        OAuthClient.objects.get()


def test_another_key_of_the_same_name_opens_nothing() -> None:
    token = Keyring({"k1": bytes.fromhex(OLD)}).encrypt(b"x", b"place")

    with pytest.raises(UnreadableSecret):
        Keyring({"k1": bytes.fromhex(NEW)}).decrypt(token, b"place")


@pytest.mark.parametrize(
    ("keys", "named"), [({}, "CREDENTIAL_KEYS is empty"), ({"k1": b"short"}, "key k1 has 5 bytes, it needs 32")]
)
def test_a_ring_that_cannot_encrypt_is_refused_by_name(keys: dict[str, bytes], named: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=named):
        Keyring(keys)


def test_a_renamed_column_keeps_its_old_place_in_migrations() -> None:
    field = SecretTextField(context="integrations.oauthclient.old_name")

    _name, _path, _args, options = field.deconstruct()

    assert options["context"] == "integrations.oauthclient.old_name"


@given(st.binary(max_size=300), st.binary(max_size=50), st.binary(max_size=50))
def test_every_text_comes_back_in_its_own_place_and_in_no_other(data: bytes, place: bytes, other: bytes) -> None:
    keys = Keyring({"k1": bytes.fromhex(OLD)})
    token = keys.encrypt(data, place)

    assert keys.decrypt(token, place) == data
    if other != place:
        with pytest.raises(UnreadableSecret):
            keys.decrypt(token, other)


@given(st.binary(max_size=80))
def test_bytes_of_any_kind_are_refused_and_never_crash(token: bytes) -> None:
    with pytest.raises(UnreadableSecret):
        Keyring({"k1": bytes.fromhex(OLD)}).decrypt(token, b"place")
