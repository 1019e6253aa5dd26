"""What a search asks for, as it goes over the wire. No I/O."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import msgspec

from enkash_async._paging.addressing import PageRequest
from enkash_async.customers.filters import CustomerFilter

_encode = msgspec.json.Encoder(decimal_format="number").encode

SEARCH_PATH = "/api/v0/customer/search"
"""The operation searchCustomer (enkash-old.apidog.io/api-8993801)."""


@attrs.frozen(eq=False)
class Query:
    """What a search asks for, the same for every page but for its place and its window."""

    criteria: CustomerFilter
    parameters: Mapping[str, str]

    def body_of(self, request: PageRequest) -> bytes:
        """Return the JSON body for one page."""
        criteria = self.criteria
        if (window := request.window) is not None:
            criteria = attrs.evolve(
                criteria, created_on_from=window.begin, created_on_to=window.end
            )
        return _encode(criteria.as_wire())

    def parameters_of(self, request: PageRequest) -> dict[str, str]:
        """Return the query string's parameters for one page."""
        return {
            "offset": str(request.offset),
            "limit": str(request.limit),
            **self.parameters,
        }
