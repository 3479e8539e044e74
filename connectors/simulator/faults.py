"""Faults on purpose: rules that make the simulated provider slow, wrong, silent or forgetful.

A rule fires on requests whose `METHOD path?query` its expression is found in, every Nth time, with a probability
drawn from its seed (so a run can be repeated exactly), at most `times` times.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

from connectors.simulator.messages import BadRequest
from connectors.simulator.store import Store

KINDS = {
    "latency": "Answer late by so many milliseconds",
    "status": "Answer with this HTTP status, change nothing",
    "html": "Answer with an HTML page of a gateway, change nothing",
    "error_before": "Answer 500, change nothing",
    "error_after_commit": "Make the change, then answer 500",
    "drop": "Close the connection, change nothing",
    "drop_after_commit": "Make the change, then close the connection",
    "throttle": "Answer 429, change nothing",
    "expire_tokens": "Expire every access token first",
    "revoke": "Revoke every grant first",
}
DEFAULT_VALUES = {"latency": 1000, "status": 503, "html": 502}


@dataclass(frozen=True)
class Fault:
    """A rule that fired for the request at hand."""

    kind: str
    value: int
    retry_after: int | None


RULE_KEYS = ("provider", "kind", "match", "times", "every", "value", "retry_after", "probability", "seed")


def add_fault(store: Store, rule: dict[str, Any]) -> int:
    """Store a rule; its number. BadRequest names what is wrong with it."""
    unknown = set(rule) - set(RULE_KEYS)
    if unknown:
        raise BadRequest(f"Unknown keys: {', '.join(sorted(unknown))}.")
    kind, match = rule.get("kind"), rule.get("match") or ""
    if kind not in KINDS:
        raise BadRequest(f"kind must be one of {', '.join(KINDS)}.")
    try:
        re.compile(match)
    except re.error as error:
        raise BadRequest(f"match is not a regular expression: {error}.") from error
    return store.insert(
        f"INSERT INTO faults ({', '.join(RULE_KEYS)}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        (rule.get("provider") or "", kind, match, *_numbers(kind, rule)),
    )


def _numbers(kind: str, rule: dict[str, Any]) -> tuple[float | None, ...]:
    """times, every, value, retry_after, probability, seed; what is not given takes its default."""
    given = {key: value for key, value in rule.items() if value is not None}
    try:
        return (
            int(given["times"]) if "times" in given else None,
            max(1, int(given.get("every", 1))),
            int(given.get("value", DEFAULT_VALUES.get(kind, 0))),
            int(given["retry_after"]) if "retry_after" in given else None,
            float(given.get("probability", 1)),
            int(given.get("seed", 0)),
        )
    except (TypeError, ValueError) as error:
        raise BadRequest("times, every, value, retry_after, probability and seed must be numbers.") from error


def clear_faults(store: Store, fault_id: int | None = None) -> None:
    """Remove one rule, or all of them."""
    if fault_id is None:
        store.execute("DELETE FROM faults")
        return
    store.execute("DELETE FROM faults WHERE id = ?", (fault_id,))


def list_faults(store: Store) -> list[dict[str, Any]]:
    """Every rule, with how often it was met and fired."""
    names = (
        "id",
        "provider",
        "kind",
        "match",
        "times",
        "every",
        "value",
        "retry_after",
        "probability",
        "seed",
    )
    rows = store.rows(f"SELECT {', '.join(names)}, seen, fired FROM faults ORDER BY id")  # noqa: S608 - constant names
    return [dict(zip((*names, "seen", "fired"), row, strict=True)) for row in rows]


def fire_faults(store: Store, provider: str, request_line: str) -> list[Fault]:
    """The faults for this request, counted as fired."""
    fired = []
    for rule in list_faults(store):
        if rule["provider"] not in ("", provider) or not re.search(rule["match"], request_line):
            continue
        is_firing = _is_firing(rule)
        store.execute("UPDATE faults SET seen = seen + 1, fired = fired + ? WHERE id = ?", (int(is_firing), rule["id"]))
        if is_firing:
            store.count(provider, "faults", rule["kind"])
            fired.append(Fault(rule["kind"], rule["value"], rule["retry_after"]))
    return fired


def _is_firing(rule: dict[str, Any]) -> bool:
    if rule["times"] is not None and rule["fired"] >= rule["times"]:
        return False
    if (rule["seen"] + 1) % rule["every"]:
        return False
    return random.Random(f"{rule['seed']}:{rule['seen']}").random() < float(rule["probability"])
