"""Marks display texts for extraction without translating them: connectors know no Django, the page translates."""


def text(message: str) -> str:
    return message
