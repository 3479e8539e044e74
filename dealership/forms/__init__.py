"""The forms of the record pages: one class per kind of record, with its lines where it has any."""
