"""QuickBooks' query language over the simulator's records, and the change data capture operation.

SELECT * | count(*) | columns FROM Entity [WHERE property op value [AND ...]] [ORDERBY property [ASC|DESC]]
[STARTPOSITION n] [MAXRESULTS n]. No OR, no NOT, no JOIN.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.providers.quickbooks.simulator_books import (
    COMPANY_ZONE,
    Books,
    answer_time,
    company_info,
    preferences,
)
from connectors.providers.quickbooks.simulator_entities import (
    BOOLEANS,
    ENTITIES,
    NUMBERS,
    SUBPROPERTIES,
    Entity,
)
from connectors.providers.quickbooks.simulator_faults import Refused, malformed, unsupported
from connectors.simulator.messages import dump_json, load_json

MOST_ROWS = 1000
DEFAULT_ROWS = 100
CDC_LOOK_BACK_SECONDS = 30 * 24 * 3600
_TOKEN = re.compile(r"\s*(?:('(?:[^'\\]|\\.)*')|(-?\d+(?:\.\d+)?)(?![\w.])|([A-Za-z_][\w.]*)|(<=|>=|=|<|>)|([*,()]))")
_SINGLES = {"CompanyInfo": company_info, "Preferences": preferences}


@dataclass
class Query:
    """A parsed query text; conditions are (property, operator, values)."""

    entity: str
    columns: list[str]
    counts: bool = False
    conditions: list[tuple[str, str, list[str]]] = field(default_factory=list)
    order: list[tuple[str, str]] = field(default_factory=list)
    start: int = 1
    rows: int = DEFAULT_ROWS


def unparsable(detail: str) -> Refused:
    """The text is not a query."""
    return Refused("4000", "Error parsing query", f"QueryParserError: {detail}")


def unknown_property(name: str, entity: str) -> Refused:
    """The query names something the entity does not have."""
    return Refused("4001", "Invalid query", f"QueryValidationError: Property {name} not found for Entity {entity}")


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        position, text = 0, text.strip().rstrip(";")
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise unparsable(f"Encountered '{text[position : position + 20]}' at column {position + 1}")
            self.tokens.append(match.group().strip())
            position = match.end()

    def word(self) -> str:
        return self.tokens[0].lower() if self.tokens else ""

    def take(self) -> str:
        if not self.tokens:
            raise unparsable("Encountered the end of the query")
        return self.tokens.pop(0)

    def accept(self, *words: str) -> bool:
        if [token.lower() for token in self.tokens[: len(words)]] != list(words):
            return False
        del self.tokens[: len(words)]
        return True

    def expect(self, *words: str) -> None:
        if not self.accept(*words):
            found = self.tokens[0] if self.tokens else "the end of the query"
            raise unparsable(f"Encountered '{found}', was expecting {' '.join(words)}")

    def value(self) -> str:
        token = self.take()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", token):
            return token
        raise unparsable(f"Encountered '{token}', was expecting a value")

    def number(self, *, at_least: int) -> int:
        token = self.take()
        if not token.isdigit() or int(token) < at_least:
            raise unparsable(f"Encountered '{token}', was expecting a number of at least {at_least}")
        return int(token)


def parse(text: str) -> Query:
    """The query in a text, or Refused 4000."""
    parser = _Parser(text)
    parser.expect("select")
    counts = parser.accept("count", "(", "*", ")")
    columns = [] if counts else [parser.take()]
    while not counts and parser.accept(","):
        columns.append(parser.take())
    parser.expect("from")
    query = Query(parser.take(), columns, counts)
    if parser.accept("where"):
        query.conditions.append(_condition(parser))
        while parser.accept("and"):
            query.conditions.append(_condition(parser))
    if parser.accept("orderby") or parser.accept("order", "by"):
        query.order.append(_ordering(parser))
        while parser.accept(","):
            query.order.append(_ordering(parser))
    if parser.accept("startposition"):
        query.start = parser.number(at_least=1)
    if parser.accept("maxresults"):
        query.rows = parser.number(at_least=1)
    if parser.tokens:
        raise unparsable(f"Encountered '{parser.tokens[0]}'")
    if query.rows > MOST_ROWS:
        raise unparsable(f"maxresults must not be more than {MOST_ROWS}")
    return query


def _condition(parser: _Parser) -> tuple[str, str, list[str]]:
    name = parser.take()
    operator = parser.take().lower()
    if operator == "in":
        parser.expect("(")
        values = [parser.value()]
        while parser.accept(","):
            values.append(parser.value())
        parser.expect(")")
        return name, operator, values
    if operator not in ("=", "<", ">", "<=", ">=", "like"):
        raise unparsable(f"Encountered '{operator}', was expecting an operator")
    return name, operator, [parser.value()]


def _ordering(parser: _Parser) -> tuple[str, str]:
    name = parser.take()
    if parser.word() in ("asc", "desc"):
        return name, parser.take().upper()
    return name, "ASC"


def instant(text: str) -> int:
    """Whole seconds since 1970 of a date or time in a request; without an offset it is the company's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise unparsable(f"'{text}' is not a date or time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=COMPANY_ZONE)
    return int(moment.timestamp())


def _column(entity: Entity, name: str) -> tuple[str, str]:
    """The SQL expression for a property and the type of its values."""
    top, _, rest = name.partition(".")
    if top not in entity.properties:
        raise unknown_property(name, entity.name)
    fixed = {
        "Id": ("seq", "number"),
        "MetaData.LastUpdatedTime": ("updated_at", "time"),
        "MetaData.CreateTime": ("created_at", "time"),
        "Active": ("active", "boolean"),
        "DocNumber": ("number", "text"),
        entity.name_property or "": ("name", "text"),
        entity.parent_property or "": ("parent", "text"),
    }
    if name in fixed:
        return fixed[name]
    path = rest or SUBPROPERTIES.get(top) or ("value" if top.endswith("Ref") else "")
    expression = f"json_extract(body, '$.{top}{'.' + path if path else ''}')"
    if top in NUMBERS:
        return expression, "number"
    return expression, "boolean" if top in BOOLEANS else "text"


def _typed(text: str, type: str) -> object:
    if type == "time":
        return instant(text)
    if type == "boolean":
        return int(text.lower() == "true")
    if type == "number":
        try:
            return float(text)
        except ValueError as error:
            raise unparsable(f"'{text}' is not a number") from error
    return text


def _where(entity: Entity, query: Query) -> tuple[str, list[object]]:
    clauses, parameters = ["deleted = 0"], list[object]()
    for name, operator, texts in query.conditions:
        column, type = _column(entity, name)
        if operator == "like":
            clauses.append(f"{column} LIKE ? ESCAPE '\\'")
            parameters.append(texts[0].replace("\\", "\\\\").replace("_", "\\_"))
            continue
        marks = ", ".join("?" * len(texts))
        clauses.append(f"{column} IN ({marks})" if operator == "in" else f"{column} {operator} ?")
        parameters.extend(_typed(text, type) for text in texts)
    if entity.name_property and not any(name == "Active" for name, _, _ in query.conditions):
        clauses.append("active = 1")
    return " AND ".join(clauses), parameters


def run(books: Books, text: str) -> str:
    """The QueryResponse object of a query, as JSON text."""
    query = parse(text)
    if query.entity in _SINGLES:
        return f'{{"{query.entity}":[{dump_json(_SINGLES[query.entity](books))}],"startPosition":1,"maxResults":1}}'
    entity = ENTITIES.get(query.entity)
    if entity is None:
        raise Refused("4001", "Invalid query", f"QueryValidationError: Entity {query.entity} is not known")
    where, parameters = _where(entity, query)
    if query.counts:
        return f'{{"totalCount":{books.documents.total(entity.name, where, tuple(parameters))}}}'
    order = [f"{_column(entity, name)[0]} {direction}" for name, direction in query.order]
    order.append(_tie_breaker(entity, query))
    tail = f"ORDER BY {', '.join(order)} LIMIT {query.rows} OFFSET {query.start - 1}"
    bodies = books.documents.bodies(entity.name, where, tuple(parameters), tail)
    return rows_text(entity.name, _shown(entity, query.columns, bodies), start=query.start)


def _tie_breaker(entity: Entity, query: Query) -> str:
    """Rows of equal order come by id; the plus keeps SQLite on the index of a name or number that is asked for."""
    natural = {entity.name_property, entity.parent_property, "DocNumber"}
    is_lookup = any(name in natural and operator in ("=", "in") for name, operator, _ in query.conditions)
    return "+seq" if is_lookup else "seq"


def _shown(entity: Entity, columns: list[str], bodies: list[str]) -> list[str]:
    names = {column.partition(".")[0] for column in columns if column != "*"}
    for name in names - entity.properties:
        raise unknown_property(name, entity.name)
    if "*" not in columns:
        return [dump_json({k: v for k, v in load_json(body).items() if k in names | {"domain"}}) for body in bodies]
    hidden = entity.hidden - names
    if not hidden:
        return bodies
    return [dump_json({k: v for k, v in load_json(body).items() if k not in hidden}) for body in bodies]


def rows_text(entity: str, bodies: list[str], *, start: int = 1) -> str:
    """A QueryResponse with rows; without any the entity's key is absent."""
    if not bodies:
        return "{}"
    return f'{{"{entity}":[{",".join(bodies)}],"startPosition":{start},"maxResults":{len(bodies)}}}'


def answer(books: Books, text: str) -> str:
    """The whole body of a query's answer."""
    time_text = answer_time(books.provider.store.now())
    return f'{{"QueryResponse":{run(books, text)},"time":"{time_text}"}}'


def changes(books: Books, entities: str, changed_since: str) -> str:
    """The whole body of a CDC answer: oldest change first per entity, at most 1,000 objects in all.

    Which 1,000 of more than that QuickBooks picks, and the code for a look-back beyond 30 days, are guesses.
    """
    since = instant(changed_since)
    if since < books.now - CDC_LOOK_BACK_SECONDS:
        raise malformed("changedSince must be within the last 30 days", "changedSince")
    parts, room = [], MOST_ROWS
    for name in [name.strip() for name in entities.split(",")]:
        entity = ENTITIES.get(name)
        if entity is None or not entity.in_cdc:
            raise unsupported(f"Entity {name} is not supported by change data capture")
        bodies = books.documents.bodies(
            name, "updated_at >= ?", (since,), f"ORDER BY updated_at, seq LIMIT {max(room, 0)}"
        )
        room -= len(bodies)
        parts.append(rows_text(name, bodies))
    time_text = answer_time(books.provider.store.now())
    return f'{{"CDCResponse":[{{"QueryResponse":[{",".join(parts)}]}}],"time":"{time_text}"}}'


def all_rows(books: Books, entity: str) -> list[dict[str, Any]]:
    """Every record that is not deleted, for tests."""
    return [load_json(body) for body in books.documents.bodies(entity, "deleted = 0", (), "ORDER BY seq")]
