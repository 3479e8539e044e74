"""What the pages of each kind of record show, as data. The views in `views/records.py` read it and know no
record.

`base` says what can be declared, `declared` declares it, `registry` finds it, `text` writes a field for a
person.
"""
