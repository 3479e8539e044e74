"""Doors for background work: each calls one function and returns nothing."""

from webhooks import dispatch


def work_inbound() -> None:
    dispatch.work()
