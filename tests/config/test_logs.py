"""Log lines are JSON and carry no secrets, whoever wrote them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from config import logs


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a logger named `hub` writes through our formatter."""
    stream = io.StringIO()
    formatter = logs.settings(level="INFO", as_json=True)["formatters"]["line"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter.pop("()")(**formatter))
    logger = logging.getLogger("hub")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    yield stream
    logger.removeHandler(handler)


def only_line(stream: io.StringIO) -> dict[str, Any]:
    (line,) = stream.getvalue().splitlines()
    result: dict[str, Any] = json.loads(line)
    return result


def test_a_structured_line_is_one_json_object(written: io.StringIO) -> None:
    structlog.get_logger("hub").info("run finished", run="42", created=3)

    line = only_line(written)

    assert (line["event"], line["run"], line["created"], line["level"]) == ("run finished", "42", 3, "info")


def test_a_line_of_the_standard_library_is_the_same(written: io.StringIO) -> None:
    logging.getLogger("hub").warning("page %s took %d ms", "home", 12)

    assert only_line(written)["event"] == "page home took 12 ms"


@pytest.mark.parametrize("name", ["access_token", "client_secret", "Authorization", "password", "cookie", "api_key"])
def test_a_value_under_a_secret_name_is_removed_at_any_depth(written: io.StringIO, name: str) -> None:
    structlog.get_logger("hub").info("called", **{name: "hunter2", "headers": [{name: "hunter2"}]})

    assert "hunter2" not in written.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hunter2",
        "GET https://provider.example/token?code=hunter2&state=hunter2 failed",
        '{"refresh_token": "hunter2", "expires_in": 3600}',
        "client_secret=hunter2&grant_type=x",
    ],
)
def test_a_secret_inside_a_text_is_removed(written: io.StringIO, text: str) -> None:
    logging.getLogger("hub").info("%s", text)

    assert "hunter2" not in written.getvalue()


def test_a_traceback_carries_no_secret(written: io.StringIO) -> None:
    try:
        raise ValueError("refused: access_token=hunter2")
    except ValueError:
        logging.getLogger("hub").exception("call failed")

    line = only_line(written)

    assert "ValueError: refused" in line["exception"]
    assert "hunter2" not in line["exception"]
