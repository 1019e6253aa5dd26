"""What every record can do beside holding its fields. No I/O."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from enkash_async._decoding import forms


class HiddenFieldsWarning(UserWarning):
    """A record was made into text, which lacks the fields that its `repr` hides."""


class Record:
    """What a record derives from, to be made into a dict, JSON, or text for people.

    It has no fields and no slots. A `repr` hides personal and bank data, so no text of a record may
    pass for its data: `str()` warns, which is what `json.dumps(..., default=str)`, `csv` and pandas
    call, and `format()` and f-strings raise TypeError, where `{record!r}` is for people.
    """

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # In the class itself: attrs would write a `repr` of its own over one that is inherited.
        cls.__repr__ = Record.__repr__  # type: ignore[method-assign]

    def to_dict(self, *, wire: bool = False, json: bool = False) -> dict[str, Any]:
        """Return all fields by name, hidden ones too; records inside are dicts, tuples are lists.

        The names are those of Python, or with *wire* those of the service. The values are those of
        the record, or with *json* what JSON has: an amount is text, so that it keeps its digits,
        and a time is ISO 8601 in UTC.
        """
        return forms.as_dict(self, wire=wire, json=json)

    def to_json(self, *, wire: bool = False) -> str:
        """Return `to_dict(wire=wire, json=True)` as a JSON object in one line."""
        return forms.as_json(forms.as_dict(self, wire=wire, json=True))

    def __repr__(self) -> str:
        return forms.shown(self)

    def __str__(self) -> str:
        if hidden := forms.hidden_fields(type(self)):
            warnings.warn(
                f"the text of a {type(self).__name__} lacks {hidden} of its fields: to_dict() and"
                " to_json() have them all, repr() is for people",
                HiddenFieldsWarning,
                stacklevel=2,
            )
        return repr(self)

    def __format__(self, spec: str) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"a {name} has no text that holds its data: format a field of it, or its to_json();"
            " with !r it is shown to people"
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # pydantic calls this, so it is there; nobody else needs it.
        from enkash_async._decoding.pydantic_schema import record_schema

        return record_schema(cls, handler)
