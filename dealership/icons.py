"""The icon outlines of the design system, drawn on a 16 x 16 grid with one stroke. The tag `{% icon %}` wraps
them.
"""

from types import MappingProxyType
from typing import Final

_LIST: Final = "M5.5 4H14M5.5 8H14M5.5 12H14M2.25 4h.5M2.25 8h.5M2.25 12h.5"

ICONS: Final = MappingProxyType(
    {
        "home": "M2.5 7.5 8 3l5.5 4.5M4 6.5V13h8V6.5M6.75 13V9.5h2.5V13",
        "record": "M4 1.75h5.5L12.5 5v9.25H4zM9.25 2v3.25h3M6 8h4.5M6 11h4.5",
        "vehicle": "M2 12V8.5l1.6-4h8.8l1.6 4V12zM2.25 8.5h11.5M3.5 12v1.75M12.5 12v1.75M4.75 10.25h1M10.25 10.25h1",
        "people": "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4"
        "M11 3a2.4 2.4 0 0 1 0 4.4M12.5 9.75c1.2.6 2 1.8 2 3.75",
        "payment": "M1.75 4h12.5v8.5H1.75zM1.75 6.75h12.5M4 10h2.5",
        "expense": "M3.5 1.75h9v12.5l-1.5-1-1.5 1-1.5-1-1.5 1-1.5-1-1.5 1zM6 5h4.5M6 8h4.5",
        "job": "M9.75 6.25 3 13a1.2 1.2 0 0 1-1.7-1.7l6.7-6.8a3.3 3.3 0 0 1 4.3-3L10.5 3.3"
        "l.2 1.9 1.9.2 1.9-1.8"
        "a3.3 3.3 0 0 1-4.75 2.65z",
        "deal": "M2 3h5.5L14 9.5 9 14.25 2.25 7.5zM5 5.75v.01",
        "service": "M8 1.75a6.25 6.25 0 1 0 0 12.5 6.25 6.25 0 0 0 0-12.5zM8 4.5V8l2.5 1.5",
        "account": "M2 6 8 2l6 4zM3.5 6v6M6.5 6v6M9.5 6v6M12.5 6v6M2 13.5h12",
        "import": "M8 2v8M5 7l3 3 3-3M2.5 11v2.5h11V11",
        "integration": "M5.5 2v3.5M10.5 2v3.5M3.5 5.5h9V8a4.5 4.5 0 0 1-9 0zM8 12.5V15",
        "run": "M13 6.5A5.2 5.2 0 0 0 3.6 5M3 9.5A5.2 5.2 0 0 0 12.4 11M3.5 2v3h3M12.5 14v-3h-3",
        "conflict": "M2 8h3.5L10 3.5h4M5.5 8 10 12.5h4M12 1.5l2 2-2 2M12 10.5l2 2-2 2",
        "set-aside": "M2 9.5 4 3h8l2 6.5V13H2zM2 9.5h3.5L6.5 11h3l1-1.5H14",
        "reconciliation": "M3 6h10M3 10h10",
        "differs": "M3 6h10M3 10h10M10.5 2.5l-5 11",
        "webhook": "M8 2v7.5a2.75 2.75 0 1 1-5.5 0M8 5.5h5M11 3.5l2 2-2 2",
        "key": "M9.5 6.5 14 2M12 4l2 2M6.25 13.25a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z",
        "list": _LIST,
        "settings": "M2 4.5h7M13 4.5h1M2 11.5h1M7 11.5h7M11 6.25a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5z"
        "M5 13.25a1.75 1.75 0 1 0 0-3.5 1.75 1.75 0 0 0 0 3.5z",
        "menu": "M2 4h12M2 8h12M2 12h12",
        "up": "M8 13V3M4 7l4-4 4 4",
        "down": "M8 3v10M4 9l4 4 4-4",
        "back": "M13 8H3M7 4 3 8l4 4",
        "both-ways": "M2 5.5h11M10.5 3 13 5.5 10.5 8M14 10.5H3M5.5 8 3 10.5 5.5 13",
        "inward": "M14 8H3M6.5 4 2.5 8l4 4",
        "outward": "M2 8h11M9.5 4l4 4-4 4",
        "grip": "M6 3.5v.01M10 3.5v.01M6 8v.01M10 8v.01M6 12.5v.01M10 12.5v.01",
    }
)
