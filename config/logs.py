"""Logs: one JSON object a line to standard output, or a readable line while debugging, with secrets removed.

`structlog` and the standard library's loggers end in the same formatter, so nothing passes by the redaction.
"""

from __future__ import annotations

import logging.config
import re
from collections.abc import Mapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REMOVED = "[removed]"
_SECRET_NAMES = re.compile(
    r"token|secret|password|passwd|authorization|cookie|credential|api_?key|private_?key|signature|verifier",
    re.I,
)
_SECRETS_IN_TEXT = (
    (re.compile(r"\b(Bearer|Basic)\s+[^\s\"',]+", re.I), rf"\1 {REMOVED}"),
    # Query strings carry codes, states and tokens; the path is enough to find a call.
    (re.compile(r"(\bhttps?://[^\s?\"']+)\?[^\s\"']*", re.I), rf"\1?{REMOVED}"),
    (
        re.compile(rf"\b(\w*(?:{_SECRET_NAMES.pattern})\w*)(['\"]?\s*[=:]\s*['\"]?)[^\s'\",&}}]+", re.I),
        rf"\1\2{REMOVED}",
    ),
)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Structlog processor: no value under a secret's name, and none written into a text, goes further."""
    return {name: _redacted(name, value) for name, value in event.items()}


def _redacted(name: str, value: Any) -> Any:
    if _SECRET_NAMES.search(name):
        return REMOVED
    if isinstance(value, str):
        return _redacted_text(value)
    if isinstance(value, Mapping):
        return {key: _redacted(str(key), inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_redacted("", inner) for inner in value]
    return value


def _redacted_text(text: str) -> str:
    for pattern, replacement in _SECRETS_IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Django's LOGGING."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*_shared_processors(), structlog.stdlib.ExtraAdder()],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact,
                    renderer,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        # Django's own handlers would say everything a second time.
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # At INFO the queue writes several lines for each task.
            "django-q": {"level": "WARNING" if level == "INFO" else level},
        },
    }


def configure(config: dict[str, Any]) -> None:
    """Django's LOGGING_CONFIG: called once with LOGGING at start."""
    logging.config.dictConfig(config)
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
