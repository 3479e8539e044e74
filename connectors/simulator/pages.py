"""The simulator's HTML: plain server-rendered pages, one stylesheet of its own, no scripts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.simulator.faults import KINDS
from connectors.simulator.messages import BadRequest, Request, Response
from connectors.simulator.provider import SimulatedProvider

STYLESHEET = Path(__file__).with_name("simulator.css")


def page(title: str, body: str, *, status: int = 200, form_targets: str = "") -> Response:
    """A whole page. `body` is finished HTML; `form_targets` are further origins that a form may lead to."""
    policy = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none';"
        f" form-action 'self' {form_targets}"
    )
    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="stylesheet" href="/_static/simulator.css">
</head>
<body>
<header><p class="banner"><strong>Simulator.</strong> No real company, no real money.</p>
<nav aria-label="Simulator"><a href="/">Providers</a> <a href="/_faults">Faults</a></nav></header>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""
    headers = {
        "Content-Security-Policy": policy.strip(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    return Response(status, text, "text/html;charset=UTF-8", headers)


def stylesheet() -> Response:
    """The one stylesheet."""
    return Response(200, STYLESHEET.read_text("utf-8"), "text/css;charset=UTF-8", {"Cache-Control": "max-age=300"})


def not_found() -> Response:
    """No such page."""
    return page("Not found", '<p>There is no such page. <a href="/">See all providers</a>.</p>', status=404)


def refuse_foreign_post(request: Request) -> None:
    """Only the simulator's own pages, and programs, may post to it: not another site open in the same browser."""
    origin = request.headers.get("origin")
    if request.method == "GET" or origin is None:
        return
    if urlsplit(origin).netloc != request.headers.get("host"):
        raise BadRequest("This form must be sent from the simulator's own page.")


def field(label: str, name: str, value: object = "", *, type: str = "text", hint: str = "", extra: str = "") -> str:
    """A labelled input. `extra` is finished HTML for further attributes."""
    described = f' aria-describedby="{name}-hint"' if hint else ""
    hint_html = f'<span class="hint" id="{name}-hint">{escape(hint)}</span>' if hint else ""
    return (
        f'<label>{escape(label)} <input type="{type}" name="{escape(name)}" value="{escape(str(value))}"'
        f"{described} {extra}></label>{hint_html}"
    )


def hidden(name: str, value: object) -> str:
    """An input that nobody sees."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(str(value))}">'


def select(label: str, name: str, options: Iterable[tuple[str, str]], chosen: str = "") -> str:
    """A labelled choice of (value, text)."""
    items = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(text)}</option>'
        for value, text in options
    )
    return f'<label>{escape(label)} <select name="{escape(name)}">{items}</select></label>'


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls sideways by itself on a small screen. Cells are finished HTML."""
    if not rows:
        return f"<h2>{escape(caption)}</h2><p>None yet.</p>"
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<h2>{escape(caption)}</h2><div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def index(providers: Sequence[SimulatedProvider]) -> Response:
    """All providers."""
    items = "".join(f'<li><a href="/{p.slug}/">{escape(p.label)}</a></li>' for p in providers)
    return page(
        "Provider simulator",
        f"<p>Each provider answers under its own path, in its own dialect. Open one to see and edit its side.</p>"
        f"<ul>{items}</ul>",
    )


def fault_list(rules: Sequence[dict[str, Any]], providers: Sequence[SimulatedProvider]) -> Response:
    """What goes wrong on purpose, and the form to add to it."""
    form = f"""<form method="post" action="/_faults" class="panel">
<h2>Make something go wrong</h2>
{select("Provider", "provider", [("", "Every provider"), *((p.slug, p.label) for p in providers)])}
{select("What happens", "kind", KINDS.items())}
{field("Only requests that contain", "match", hint="A regular expression found in METHOD path?query. Empty: all.")}
{field("How many times", "times", 1, type="number", hint="Empty: until cleared.", extra='min="1"')}
{field("Every how many requests", "every", 1, type="number", extra='min="1"')}
{field("Milliseconds or HTTP status", "value", type="number", hint="Empty: the usual one.", extra='min="0"')}
{field("Retry-After in seconds", "retry_after", type="number", hint="For 429 answers.", extra='min="0"')}
<button>Add fault</button>
</form>"""
    rows = [
        [
            escape(KINDS[rule["kind"]]),
            escape(rule["provider"] or "every provider"),
            f"<code>{escape(rule['match'])}</code>" if rule["match"] else "all requests",
            f"{rule['fired']} of {rule['times'] or 'any number'}",
            f'<form method="post" action="/_faults">{hidden("clear", rule["id"])}'
            f'<button class="quiet">Clear<span class="hidden"> fault {rule["id"]}</span></button></form>',
        ]
        for rule in rules
    ]
    listing = table("Active faults", ("What", "Where", "Requests", "Fired", ""), rows)
    clear_all = f'<form method="post" action="/_faults">{hidden("clear", "all")}<button>Clear all</button></form>'
    return page("Simulator: faults", form + listing + (clear_all if rules else ""))
