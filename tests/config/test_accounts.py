"""Signing in: by e-mail, never by opening an account oneself."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

pytestmark = pytest.mark.django_db


def test_nobody_opens_an_account_alone(client: Client) -> None:
    form = {
        "email": "new@example.com",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }

    response = client.post("/accounts/signup/", form)

    assert response.status_code == 200
    assert not get_user_model()._default_manager.exists()


def test_the_admin_asks_for_the_same_login_as_every_page(client: Client) -> None:
    response = client.get("/admin/", follow=True)

    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
