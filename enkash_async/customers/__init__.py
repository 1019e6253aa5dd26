"""What can be asked of customers, and what is answered.

It knows the names of fields, the path and the rules of the service for this one kind of record, and
declares them as data. It must never know how a list is read, decoded or sent: that is the same for
every list. Begin with `CUSTOMERS` in `resource`, then `records` and `filters`.
"""

from enkash_async._decoding.extra import ExtraFields
from enkash_async.customers.filters import (
    CustomerFields,
    CustomerFilter,
    CustomerLevel,
    CustomerStatus,
    LevelText,
    StatusText,
)
from enkash_async.customers.records import (
    Customer,
    CustomerKeyContact,
    CustomerReminder,
    ReminderType,
)
from enkash_async.customers.resource import CUSTOMERS, Customers, DirectionText, OrderBy
from enkash_async.customers.search import CustomerSearch

__all__ = [
    "CUSTOMERS",
    "Customer",
    "CustomerFields",
    "CustomerFilter",
    "CustomerKeyContact",
    "CustomerLevel",
    "CustomerReminder",
    "CustomerSearch",
    "CustomerStatus",
    "Customers",
    "DirectionText",
    "ExtraFields",
    "LevelText",
    "OrderBy",
    "ReminderType",
    "StatusText",
]
