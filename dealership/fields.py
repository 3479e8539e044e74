"""Model fields whose value is encrypted at rest, in the shape of django-fernet-fields.

The package's own cipher is AES-128 and its `bulk_update` writes the text of the SQL expression, with every secret of
the batch in it, into every row; both are replaced here.
"""

import json
from typing import Any

from django.core.exceptions import FieldError
from django.db.models import Case, Value
from django.db.models.functions import Cast
from fernet_fields import EncryptedTextField

from dealership.crypto import Keyring, ring


class _Bound:
    """The key ring with one column's context, in the shape that the base class calls `fernet`."""

    def __init__(self, keys: Keyring, context: bytes) -> None:
        self._keys, self._context = keys, context

    def encrypt(self, data: bytes) -> bytes:
        return self._keys.encrypt(data, self._context)

    def decrypt(self, token: bytes) -> bytes:
        return self._keys.decrypt(token, self._context)


class SecretTextField(EncryptedTextField):
    """Text, AES-256-GCM. `context` keeps old values readable after a rename: give it the old "app.model.field"."""

    def __init__(self, *args: Any, context: str = "", **options: Any) -> None:
        self.context = context
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[str, str, list[Any], dict[str, Any]]:
        name, path, args, options = super().deconstruct()
        if self.context:
            options["context"] = self.context
        return name, path, args, options

    @property
    def fernet(self) -> _Bound:
        return _Bound(ring(), (self.context or f"{self.model._meta.label_lower}.{self.name}").encode())

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if not hasattr(value, "as_sql"):
            return super().get_db_prep_save(value, connection)
        if not self._holds_only_own_values(value):
            raise FieldError(f"{self.name} is encrypted: no expressions can be written into it.")
        # bulk_update wraps plain values in Case/Cast/Value; each Value comes back here by itself when compiled.
        return value

    def _holds_only_own_values(self, expression: Any) -> bool:
        if isinstance(expression, Value):
            return expression.value is None or getattr(expression, "_output_field_or_none", None) is self
        if isinstance(expression, Cast):
            return self._holds_only_own_values(expression.get_source_expressions()[0])
        if not isinstance(expression, Case):
            return False
        results = [when.result for when in expression.cases]
        return all(self._holds_only_own_values(part) for part in [*results, expression.default])


class SecretJSONField(SecretTextField):
    """A JSON value, encrypted as text. Overrides the two ends only: `to_python` also runs on the way in."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else json.dumps(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any, *args: Any) -> Any:
        text = super().from_db_value(value, expression, connection, *args)
        return None if text is None else json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value
