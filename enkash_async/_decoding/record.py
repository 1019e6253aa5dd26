"""What every record can do beside holding its fields. No I/O."""

from __future__ import annotations

from typing import Any

from enkash_async._decoding import forms
from enkash_async._decoding.extra import NO_EXTRA, ExtraFields
from enkash_async._decoding.text import HiddenFieldsWarning as HiddenFieldsWarning
from enkash_async._decoding.text import TextForPeople


class Record(TextForPeople):
    """What a record derives from, to be made into a dict, JSON, or text for people.

    It has no fields and no slots.
    """

    __slots__ = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        # In the class itself: attrs would write a `repr` of its own over one that is inherited.
        cls.__repr__ = Record.__repr__  # type: ignore[method-assign]

    @property
    def extra(self) -> ExtraFields:
        """Return the fields that came and are declared nowhere, under the names of the service.

        They are kept by a session with `keep_unknown=True`, and count in `==`; else there are none.
        A number with a fraction is a `Decimal`, a list a tuple, an object another such mapping. It
        cannot be changed, and its `repr` shows names only.
        """
        return NO_EXTRA

    def to_dict(self, *, wire: bool = False, json: bool = False) -> dict[str, Any]:
        """Return all fields by name, hidden ones too; records inside are dicts, tuples are lists.

        The names are those of Python, or with *wire* those of the service. The values are those of
        the record, or with *json* what JSON has: an amount is text, so that it keeps its digits,
        and a time is ISO 8601 in UTC. What is `extra` stands among the others with *wire*, and
        else as a dict under "extra", which is absent where nothing is.
        """
        return forms.as_dict(self, wire=wire, json=json)

    def to_json(self, *, wire: bool = False) -> str:
        """Return `to_dict(wire=wire, json=True)` as a JSON object in one line."""
        return forms.as_json(forms.as_dict(self, wire=wire, json=True))

    def __repr__(self) -> str:
        return forms.shown(self)

    def _lacks(self) -> str | None:
        hidden = forms.hidden_fields(self)
        return f"{hidden} of its fields" if hidden else None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        # pydantic calls this, so it is there; nobody else needs it.
        from enkash_async._decoding.pydantic_schema import record_schema

        return record_schema(cls, handler)
