"""Walks the staff admin: the pages of a model, what they cost, and who may open them."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dealership.models import User
from tests.dealership.page_cases import signed_in

MOST_QUERIES = 15


def staff_client() -> Client:
    return signed_in(User.objects.create_superuser("operator@hub.example", "x"))


def models_of(app: str) -> list[type[models.Model]]:
    """Every model of the app; each must be registered."""
    return list(apps.get_app_config(app).get_models())


def listing(model: type[models.Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page(row: models.Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def shown(client: Client, url: str) -> tuple[str, int]:
    """The page's content and the queries that it took."""
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode(), len(captured)


def is_searchable_and_filterable(model: type[models.Model]) -> bool:
    registered: Any = admin.site._registry[model]
    return bool(registered.search_fields and registered.list_filter)
