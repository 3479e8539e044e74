"""Checks requests and answers against a provider's OpenAPI document; a field that it does not name is an error.

The documents are read from the folder that LOTBRIDGE_SPECS names, else from `../shared/specs` beside the project.
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parents[2]
METHODS = ("get", "post", "put", "patch", "delete")
COMBINATORS = ("allOf", "anyOf", "oneOf")


def specs_folder() -> Path:
    """Where the documents are; the test is skipped when they are not there, but never in CI."""
    folder = Path(os.environ.get("LOTBRIDGE_SPECS") or ROOT.parent / "shared" / "specs")
    if folder.is_dir():
        return folder
    reason = f"provider documents not found in {folder} (set LOTBRIDGE_SPECS)"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


class Spec:
    """One provider's document."""

    def __init__(self, name: str, document: dict[str, Any]) -> None:
        self.name = name
        self.base = f"https://specs.invalid/{name}"
        self.document = _closed_document(document)
        self.registry: Registry[Any] = Registry().with_resource(
            self.base, Resource.from_contents(self.document, default_specification=DRAFT202012)
        )
        self._validators: dict[str, Draft202012Validator] = {}
        self._paths = [(_path_pattern(template), template) for template in self.document.get("paths", {})]

    @staticmethod
    @functools.cache
    def load(name: str) -> Spec:
        """The document `<name>.json`."""
        return Spec(name, json.loads((specs_folder() / f"{name}.json").read_text("utf-8")))

    def check_request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: object = None,
    ) -> None:
        """AssertionError names what in a request the document does not allow."""
        template, operation, pointer = self._operation(method, path)
        given = {"query": dict(query or {}), "header": {k.lower(): v for k, v in (headers or {}).items()}}
        known = self._parameters(template, operation)
        for name in given["query"]:
            assert ("query", name) in known, f"{self.name}: {method} {template} has no query parameter {name}"
        for (place, name), parameter in known.items():
            if place not in given:
                continue
            value = given[place].get(name.lower() if place == "header" else name)
            if value is None:
                assert not parameter.get("required"), f"{self.name}: {method} {template} needs {place} {name}"
                continue
            self._check_parameter(f"{method} {template} {place} {name}", parameter, value)
        self._check_security(f"{method} {template}", operation, given["header"])
        self._check_request_body(f"{method} {template}", operation, pointer, given["header"], body)

    def check_response(self, method: str, path: str, status: int, body: object) -> None:
        """AssertionError names what in an answer the document does not allow."""
        template, operation, pointer = self._operation(method, path)
        responses = operation["responses"]
        key = next((k for k in (str(status), f"{status // 100}XX", "default") if k in responses), None)
        assert key is not None, f"{self.name}: {method} {template} does not answer {status}"
        response, pointer = self._resolved(responses[key], f"{pointer}/responses/{key}")
        content = response.get("content", {})
        if not content:
            assert body in (None, "", b""), f"{self.name}: {method} {template} {status} has no body"
            return
        media = "application/json" if "application/json" in content else next(iter(content))
        value = _parsed(body) if "json" in media else body
        self._check(f"{pointer}/content/{_escaped(media)}/schema", value, f"{method} {template} answer {status}")

    def check_schema(self, name: str, value: object) -> None:
        """Check a value against a component schema, for webhooks and the like."""
        self._check(f"/components/schemas/{name}", _parsed(value), name)

    def _operation(self, method: str, path: str) -> tuple[str, dict[str, Any], str]:
        path = urlsplit(path).path
        for pattern, template in self._paths:
            operation = self.document["paths"][template].get(method.lower())
            if operation is not None and pattern.fullmatch(path):
                return template, operation, f"/paths/{_escaped(template)}/{method.lower()}"
        raise AssertionError(f"{self.name}: there is no {method} {path}")

    def _parameters(self, template: str, operation: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
        listed = [*self.document["paths"][template].get("parameters", []), *operation.get("parameters", [])]
        resolved = [self._resolved(parameter, "")[0] for parameter in listed]
        return {(parameter["in"], parameter["name"]): parameter for parameter in resolved}

    def _resolved(self, node: dict[str, Any], pointer: str) -> tuple[dict[str, Any], str]:
        while "$ref" in node:
            pointer = node["$ref"].removeprefix("#")
            node = self.document
            for part in pointer.split("/")[1:]:
                node = node[part.replace("~1", "/").replace("~0", "~")]
        return node, pointer

    def _check_parameter(self, where: str, parameter: dict[str, Any], text: str) -> None:
        schema = parameter.get("schema", {})
        value: object = text
        if schema.get("type") in ("integer", "number", "boolean"):
            try:
                value = json.loads(text)
            except ValueError:
                value = text
        validator = Draft202012Validator(_located(schema, self.base), registry=self.registry)
        problem = best_match(validator.iter_errors(value))
        assert problem is None, f"{self.name}: {where}: {problem.message}"

    def _check_security(self, where: str, operation: dict[str, Any], headers: Mapping[str, str]) -> None:
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        wanted = set()
        for choice in operation.get("security", self.document.get("security", [])):
            for name in choice:
                kind = schemes.get(name, {})
                wanted.add({"oauth2": "bearer", "http": kind.get("scheme", "")}.get(kind.get("type", ""), ""))
        if not wanted or "" in wanted:
            return
        scheme = headers.get("authorization", "").partition(" ")[0].lower()
        assert scheme in wanted, f"{self.name}: {where} needs Authorization {' or '.join(sorted(wanted))}"

    def _check_request_body(
        self, where: str, operation: dict[str, Any], pointer: str, headers: Mapping[str, str], body: object
    ) -> None:
        if "requestBody" not in operation:
            assert body in (None, "", b""), f"{self.name}: {where} takes no body"
            return
        declared, pointer = self._resolved(operation["requestBody"], f"{pointer}/requestBody")
        if body in (None, "", b"") and not declared.get("required"):
            return
        media = headers.get("content-type", "").partition(";")[0].strip()
        assert media in declared["content"], f"{self.name}: {where} does not take Content-Type {media or 'none'}"
        value = body
        if "json" in media:
            value = _parsed(body)
        elif "urlencoded" in media and isinstance(body, str | bytes):
            value = dict(parse_qsl(_text(body), keep_blank_values=True))
        elif isinstance(body, bytes):
            value = _text(body)
        if "schema" in declared["content"][media]:
            self._check(f"{pointer}/content/{_escaped(media)}/schema", value, where)

    def _check(self, pointer: str, value: object, where: str) -> None:
        validator = self._validators.get(pointer)
        if validator is None:
            reference = {"$ref": f"{self.base}#{quote(pointer, safe='/~')}"}
            validator = Draft202012Validator(reference, registry=self.registry, format_checker=FormatChecker())
            self._validators[pointer] = validator
        problem = best_match(validator.iter_errors(value))
        if problem is not None:
            at = "".join(f"/{part}" for part in problem.absolute_path) or "/"
            raise AssertionError(f"{self.name}: {where}: at {at}: {problem.message[:300]}")


def _closed_document(document: dict[str, Any]) -> dict[str, Any]:
    """The document with every object closed; members of allOf refer to open twins of the components."""
    closed: dict[str, Any] = _rewritten(document, is_closed=True)
    components = document.get("components", {}).get("schemas", {})
    closed.setdefault("components", {})["open"] = {
        name: _rewritten(schema, is_closed=False) for name, schema in components.items()
    }
    return closed


def _rewritten(node: Any, *, is_closed: bool) -> Any:
    if isinstance(node, list):
        return [_rewritten(item, is_closed=True) for item in node]
    if not isinstance(node, dict):
        return node
    result = {key: _rewritten(value, is_closed=True) for key, value in node.items()}
    reference = node.get("$ref")
    if isinstance(reference, str) and not is_closed:
        result["$ref"] = reference.replace("#/components/schemas/", "#/components/open/")
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        result["type"] = [node["type"], "null"]
    is_object = isinstance(node.get("properties"), dict) and isinstance(node.get("type", "object"), str | list)
    is_mixed = "allOf" in node or (is_object and any(name in node for name in COMBINATORS))
    if is_mixed:
        for name in COMBINATORS:
            if name in node:
                result[name] = [_rewritten(member, is_closed=False) for member in node[name]]
    says = "additionalProperties" in node or "unevaluatedProperties" in node
    if is_closed and (is_object or "allOf" in node) and not says:
        result["unevaluatedProperties" if is_mixed else "additionalProperties"] = False
    return result


def _located(schema: dict[str, Any], base: str) -> dict[str, Any]:
    reference = schema.get("$ref")
    return {"$ref": f"{base}{reference}"} if isinstance(reference, str) else schema


def _path_pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/]+".join(re.escape(part) for part in parts))


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def _text(body: str | bytes) -> str:
    return body.decode() if isinstance(body, bytes) else body


def _parsed(body: object) -> object:
    return json.loads(body) if isinstance(body, str | bytes) else body
