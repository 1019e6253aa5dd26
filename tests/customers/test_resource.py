"""Customers declare again what any list can be asked for: the two must stay the same."""

from __future__ import annotations

import inspect

import pytest

from enkash_async._search.list_resource import ListResource
from enkash_async.customers import Customers


def parameters_of(function: object) -> list[tuple[str, object, bool]]:
    assert callable(function)
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [(one.name, one.default, one.kind is one.KEYWORD_ONLY) for one in parameters]


@pytest.mark.parametrize("method", ["search", "crawl", "windows", "count"])
def test_customers_can_be_asked_for_what_any_list_can(method: str) -> None:
    assert parameters_of(getattr(Customers, method)) == parameters_of(getattr(ListResource, method))


@pytest.mark.parametrize("method", ["search", "crawl", "windows", "count"])
def test_their_signatures_name_the_filter_of_customers(method: str) -> None:
    annotation = inspect.signature(getattr(Customers, method)).parameters["filter"].annotation
    assert annotation == "CustomerFilter | None"
