"""Finds the connectors: every package in `connectors.providers` with a `connector` module."""

import importlib
import pkgutil
from functools import cache

from connectors import providers
from connectors.base import Connector


@cache
def all_connectors() -> dict[str, type[Connector]]:
    """Slug to connector class, in the order of their labels."""
    found = []
    for module in pkgutil.iter_modules(providers.__path__):
        package = importlib.import_module(f"connectors.providers.{module.name}.connector")
        found += [
            item
            for item in vars(package).values()
            if isinstance(item, type) and issubclass(item, Connector) and item.__module__ == package.__name__
        ]
    return {cls.slug: cls for cls in sorted(found, key=lambda cls: cls.label.lower())}


def get(slug: str) -> type[Connector]:
    """The connector of that slug or older alias. Raises KeyError when there is none."""
    for cls in all_connectors().values():
        if slug == cls.slug or slug in cls.aliases:
            return cls
    raise KeyError(slug)
