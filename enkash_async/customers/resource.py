"""What a caller can ask of customers."""

from __future__ import annotations

from typing import Literal, Unpack, cast

from enkash_async._decoding.bad_record import OnBadRecord
from enkash_async._search.endpoint import ListEndpoint, TimeRange
from enkash_async._search.extra import JsonBody, QueryString
from enkash_async._search.list_resource import ListResource
from enkash_async._search.query import Direction
from enkash_async._search.settings import SearchSettings
from enkash_async.customers.filters import CustomerFields, CustomerFilter
from enkash_async.customers.records import Customer
from enkash_async.customers.search import CustomerSearch
from enkash_async.resume import ResumeToken

OrderBy = Literal[
    "account_number",
    "accountNumber",
    "active",
    "address",
    "assigned_agent",
    "assignedAgent",
    "bank_name",
    "bankName",
    "company_id",
    "companyId",
    "contact_email",
    "contactEmail",
    "contact_number",
    "contactNumber",
    "created_by",
    "createdBy",
    "created_by_name",
    "createdByName",
    "created_on",
    "createdOn",
    "customer_id",
    "customerId",
    "customer_logo",
    "customerLogo",
    "dso_median",
    "dsoMedian",
    "id",
    "ifsc",
    "legal_name",
    "legalName",
    "modified_by",
    "modifiedBy",
    "modified_by_name",
    "modifiedByName",
    "modified_on",
    "modifiedOn",
    "net_amount",
    "netAmount",
    "pan_or_gstin",
    "panOrGstin",
    "parent_company_id",
    "parentCompanyId",
    "parent_legal_name",
    "parentLegalName",
    "pin_code",
    "pinCode",
    "state",
    "unique_ref_no",
    "uniqueRefNo",
]
"""Fields that a search may be ordered by: their Python names, and the service's."""

DirectionText = Literal["ASC", "DESC"]
"""A direction as it is written; searches take it in any case."""

CUSTOMERS: ListEndpoint[CustomerFilter, Customer] = ListEndpoint(
    noun="customers",
    singular="customer",
    # The operation searchCustomer (enkash-old.apidog.io/api-8993801).
    path="/api/v0/customer/search",
    record=Customer,
    criteria=CustomerFilter,
    ids="customer_ids",
    time=TimeRange(field="createdOn", begin="created_on_from", end="created_on_to"),
)


class Customers(ListResource[CustomerFilter, Customer]):
    """The customers of the account, as `session.customers`."""

    # What any list can be asked for, declared again with the classes of this one: signatures and
    # docstrings are what callers see in their editor.

    search_class = CustomerSearch

    def __init__(self, settings: SearchSettings) -> None:
        super().__init__(CUSTOMERS, settings)

    def search(  # type: ignore[override]
        self,
        filter: CustomerFilter | None = None,
        *,
        order_by: OrderBy | str | None = None,
        direction: DirectionText | Direction | str | None = None,
        offset: int = 0,
        page_size: int | None = None,
        max_records: int | None = None,
        strict: bool = False,
        full_check: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> CustomerSearch:
        """Return a search, which sends nothing before it is awaited or iterated.

        - *filter*: which customers; all unless given.
        - *order_by*: the field that the service orders by, by its Python name or its own; as it
          likes unless given. One that does not change and is different for each customer, such as
          "created_on", is best if the list may change while it is read. Which names the service
          accepts is documented nowhere: one that is like no field's is sent as it is.
        - *direction*: "ASC" or "DESC", in any case.
        - *offset*: the first row, counted from 0.
        - *page_size*: how many records to ask for at once, 1 to 5000; the session's unless given.
        - *max_records*: so many records at most; all unless given.
        - *strict*: IncompleteSearchError on any verdict but COMPLETE.
        - *full_check*: compare every record with all before it rather than with those of the last
          pages, at about 150 bytes of memory a record. Then no order, however unstable, makes a
          record come twice, and none goes missing unnoticed as long as the service counts the
          records and the count stays the same; without a count the verdict is INCOMPLETE.
        - *on_bad_record*: a function that is called with each record that cannot be read, instead
          of a DecodeError.
        - *resume*: go on from `resume_token` of an earlier search, which must have asked for the
          same.
        - *extra_body*, *extra_query*: fields of the body, and parameters, that are sent in addition
          as they are, for what the documentation does not say. They must not hold a field of
          `CustomerFilter`, `offset` or `limit`, nor `orderBy` or `direction` where these are given.
        - *fields*: those of `CustomerFilter`, such as `customer_status="active"`; beside a *filter*
          they take the place of its own.
        """
        search = super().search(
            filter,
            order_by=order_by,
            direction=direction,
            offset=offset,
            page_size=page_size,
            max_records=max_records,
            strict=strict,
            full_check=full_check,
            on_bad_record=on_bad_record,
            resume=resume,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )
        return cast("CustomerSearch", search)

    def crawl(  # type: ignore[override]
        self,
        filter: CustomerFilter | None = None,
        *,
        page_size: int | None = None,
        max_records: int | None = None,
        window_pages: int | None = None,
        strict: bool = False,
        on_bad_record: OnBadRecord | None = None,
        resume: ResumeToken | str | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> CustomerSearch:
        """Return a search for all customers created until now, exact while data change.

        Time is cut into windows of `createdOn` of a few pages, which are fetched concurrently and
        handed over in the order of creation, each with its records in the order of the service.
        Their counts prove them whole: it needs no order and no meaning of offsets, and the cost
        grows in proportion to the number of customers. Customers that are in no window, because
        they have no `createdOn`, are told by the report. "Now" is when the first request is sent,
        by the clock of this machine.

        - *window_pages*: how many pages a window may hold, 16 unless given: with 1 the service
          counts about 6 rows for each that comes instead of 9 to 17, and is asked more often.
        - The other parameters are those of `search`.
        """
        search = super().crawl(
            filter,
            page_size=page_size,
            max_records=max_records,
            window_pages=window_pages,
            strict=strict,
            on_bad_record=on_bad_record,
            resume=resume,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )
        return cast("CustomerSearch", search)

    async def windows(  # type: ignore[override]
        self,
        filter: CustomerFilter | None = None,
        *,
        max_records: int = 50_000,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> list[CustomerFilter]:
        """Return filters that divide the customers created until now among parallel readers.

        Give each to `crawl` or `search`, in any process; together they match every customer once,
        as their counts prove. Divide `max_concurrency` among the processes: they share no limit.
        IncompleteSearchError if customers have no `createdOn`, the counts do not add up, or
        customers are deleted each of the three times that they are counted.

        - *filter*, *fields*: which customers, as for `search`.
        - *max_records*: each matches at most so many, unless more were created within two seconds,
          or four where no cut between them adds up.
        - *extra_body*, *extra_query*: sent with each count, as for `search`. The filters do not
          hold them: give them to `crawl` or `search` once more.
        """
        return await super().windows(
            filter,
            max_records=max_records,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )

    async def count(  # type: ignore[override]
        self,
        filter: CustomerFilter | None = None,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> int:
        """Return how many customers match, by one request for one record.

        Where that customer is all that is counted, one more request for two tells whether it is,
        or, with a third, whether the service counts the customers of each page: then, if it sends
        no count, and if more came than are counted, IncompleteSearchError. So little shows no
        other error of the count; a search does, since it compares the count with what comes.

        - *filter*, *fields*: which customers, as for `search`.
        - *extra_body*, *extra_query*: sent in addition, as for `search`.
        """
        return await super().count(filter, extra_body=extra_body, extra_query=extra_query, **fields)

    async def get(
        self,
        customer_id: str,
        *,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
    ) -> Customer:
        """Return the customer with this id; RecordNotFoundError if there is none.

        One search by `customerIds`, since the service documents no other way to get one.
        *extra_body* and *extra_query* are sent in addition, as for `search`.
        """
        return await super().get(customer_id, extra_body=extra_body, extra_query=extra_query)
