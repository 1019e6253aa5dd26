"""The whole public API, used with precise types. Type-checked by mypy and pyright, never run.

A `type: ignore` marks a use that must be refused: mypy reports it once the use is accepted.
"""

import ssl
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Unpack, assert_never, assert_type

import aiohttp
import pyarrow
from aiohttp import web
from opentelemetry.trace import TracerProvider

from enkash_async import (
    ERROR_CLASSES,
    AnswerTooLargeError,
    APIError,
    ArgumentTypeError,
    Auth,
    AuthenticationError,
    BadRecord,
    BearerToken,
    CertificateError,
    ClientRequestAbortError,
    ClientRequestError,
    ConfigurationError,
    ConnectError,
    Customer,
    CustomerFilter,
    CustomerKeyContact,
    CustomerLevel,
    CustomerReminder,
    Customers,
    CustomerSearch,
    CustomerStatus,
    DecodeError,
    Direction,
    EnKashError,
    EnKashSession,
    ErrorType,
    HiddenFieldsWarning,
    Hooks,
    IncompleteSearchError,
    InvalidAccessError,
    InvalidArgumentError,
    JsonBody,
    OAuthPassword,
    OnBadRecord,
    Page,
    ProxyError,
    QueryString,
    RateLimitedError,
    RecordNotFoundError,
    ReminderType,
    RequestTimeoutError,
    ResponseError,
    ResumeToken,
    RetryPolicy,
    SearchReport,
    SessionOptions,
    SystemFaultError,
    Timeout,
    Token,
    TransportError,
    UnauthorizedError,
    UnknownServiceError,
    UnprocessableRequestError,
    ValidationError,
    Verdict,
    ViewOptions,
    __version__,
    blocking,
)
from enkash_async.auth import Response, SendForm
from enkash_async.blocking.export import export as write_now
from enkash_async.customers import CustomerFields, DirectionText, LevelText, OrderBy, StatusText
from enkash_async.events import Outcome, PageFetched, RequestEnded, SearchEnded
from enkash_async.export import CsvStyle, ExportResult, export
from enkash_async.otel import search_spans
from enkash_async.resume import CrawlPoint, ListPoint
from enkash_async.sandbox import (
    Fault,
    FaultScript,
    FaultScriptError,
    Sandbox,
    SandboxSettings,
    SearchCall,
    SearchHook,
    faults,
    open_sandbox,
    serve_sandbox,
)

Row = tuple[str | None, ...]
VERSION: str = __version__


# Credentials


class TokenFromVault:
    """Credentials of one's own, which send nothing."""

    async def fetch_token(self, send: object) -> Token:
        return Token("secret", life=60)


class TokenByForm:
    """Credentials of one's own, which ask the service."""

    async def fetch_token(self, send: SendForm) -> Token:
        response = await send("/oauth/token", b"a=b", {"Accept": "application/json"})
        assert_type(response, Response)
        assert_type(response.status, int)
        return Token(value=response.body.decode())


def credentials(environ: Mapping[str, str]) -> tuple[Auth, ...]:
    bearer = BearerToken("t")
    assert_type(bearer.token, str)
    token = Token("t")
    assert_type(token.value, str)
    assert_type(token.life, float | None)
    password = OAuthPassword(client_id="a", client_secret="b", username="c", password="d")
    assert_type(password.client_id, str)
    assert_type(password.company_id, str | None)
    other = OAuthPassword(
        client_id="a", client_secret="b", username="c", password="d", company_id=environ.get("E")
    )
    BearerToken(None)  # type: ignore[arg-type]
    OAuthPassword("a", "b", "c", "d")  # type: ignore[call-arg]
    return bearer, password, other, TokenFromVault(), TokenByForm()


# Session


async def sessions(http: aiohttp.ClientSession) -> None:
    plain = EnKashSession("https://api.example", BearerToken("t"))
    assert_type(plain, EnKashSession)
    whole = EnKashSession(
        "https://api.example",
        TokenFromVault(),
        max_concurrency=4,
        page_size=500,
        prefetch_bytes=1 << 20,
        max_body_bytes=1 << 20,
        timeout=Timeout(connect=1, read=2.5, attempt=10, call=60, progress=120),
        retry=RetryPolicy(attempts=2),
        naive_timezone=timezone(timedelta(hours=5, minutes=30)),
        offset_unit="pages",
        first_offset=1,
        http=http,
    )
    async with whole as session:
        assert_type(session, EnKashSession)
        assert_type(session.customers, Customers)
    await plain.__aenter__()
    await plain.aclose()
    assert_type(await plain.open(), EnKashSession)
    whole = EnKashSession(
        "https://api.example",
        BearerToken("t"),
        max_rate=5,
        timeout=2.5,
        retry=0,
        naive_timezone="Asia/Kolkata",
        trust_env=False,
        proxy="http://proxy:3128",
        ssl=ssl.create_default_context(),
        headers={"a": "b"},
        user_agent="mine/1",
        allow_http_to=["sandbox"],
    )
    assert_type(whole.with_options(timeout=5, retry=RetryPolicy(), page_size=7), EnKashSession)
    whole.with_options(timeout=None, retry=None, headers=None, user_agent=None)
    assert_type(whole.is_open, bool)
    assert_type(whole.base_url, str)
    assert_type(EnKashSession.from_env(), EnKashSession)
    EnKashSession.from_env({"ENKASH_TOKEN": "t"}, page_size=50, naive_timezone=UTC)

    EnKashSession("https://api.example", "token")  # type: ignore[arg-type]
    EnKashSession("https://api.example", BearerToken("t"), offset_unit="row")  # type: ignore[arg-type]
    EnKashSession("https://api.example", BearerToken("t"), page_size="50")  # type: ignore[arg-type]


def hooks(provider: TracerProvider) -> None:
    def requested(event: RequestEnded) -> None:
        assert_type(event.search_id, int | None)
        assert_type(event.error_type, ErrorType | None)
        assert_type(event.seconds, float | None)

    def ended(event: SearchEnded) -> int:
        assert_type(event.outcome, Outcome)
        assert_type(event.report, SearchReport)
        return event.report.pages

    pages: list[PageFetched] = []
    own = Hooks(on_request=requested, on_page=pages.append, on_search_end=ended)
    EnKashSession("https://api.example", BearerToken("t"), hooks=own)
    EnKashSession("https://api.example", BearerToken("t"), hooks=[own, search_spans(provider)])
    EnKashSession("https://api.example", BearerToken("t"), hooks=requested)  # type: ignore[arg-type]
    Hooks(on_retry=requested)  # type: ignore[arg-type]


def policies() -> None:
    timeout = Timeout()
    assert_type(timeout.connect, float)
    assert_type(timeout.read, float)
    assert_type(timeout.attempt, float)
    assert_type(timeout.call, float)
    assert_type(timeout.progress, float)
    retry = RetryPolicy(
        attempts=3,
        first_delay=0.1,
        max_delay=1,
        max_retry_after=30,
        error_types=frozenset({ErrorType.SYSTEM_ERROR}),
        statuses=frozenset({429, 503}),
    )
    assert_type(retry.attempts, int)
    assert_type(retry.first_delay, float)
    assert_type(retry.max_delay, float)
    assert_type(retry.max_retry_after, float)
    assert_type(retry.error_types, frozenset[ErrorType])
    assert_type(retry.statuses, frozenset[int])
    assert_type(retry.is_retryable(ConnectError("no")), bool)
    assert_type(retry.delay_after(1, RateLimitedError("slow", 429), jitter=0.5), float | None)


# What a search asks for


def filters() -> tuple[CustomerFilter, ...]:
    whole = CustomerFilter(
        account_number="1",
        assigned_agent="a",
        balance_amount=Decimal("1.50"),
        company_id="c",
        contact_number="9",
        created_by_name="n",
        created_on_from=datetime(2024, 1, 1, tzinfo=UTC),
        created_on_to=datetime(2025, 1, 1, tzinfo=UTC),
        customer_ids=["KC1", "KC2"],
        customer_status=CustomerStatus.ACTIVE,
        dso_from=1,
        dso_to=2,
        ifsc="i",
        legal_name="l",
        level=CustomerLevel.LEVEL_1,
        modified_by_name="m",
        modified_on=datetime.now(UTC),
        pan_or_gstin="p",
        parent_company_id="q",
        select_all=True,
        unique_ref_no="u",
    )
    assert_type(whole.account_number, str | None)
    assert_type(whole.assigned_agent, str | None)
    assert_type(whole.balance_amount, Decimal | int | None)
    assert_type(whole.company_id, str | None)
    assert_type(whole.contact_number, str | None)
    assert_type(whole.created_by_name, str | None)
    assert_type(whole.created_on_from, date | str | None)
    assert_type(whole.created_on_to, date | str | None)
    assert_type(whole.customer_status, StatusText | CustomerStatus | str | None)
    assert_type(whole.dso_from, int | None)
    assert_type(whole.dso_to, int | None)
    assert_type(whole.ifsc, str | None)
    assert_type(whole.legal_name, str | None)
    assert_type(whole.level, LevelText | CustomerLevel | str | None)
    assert_type(whole.modified_by_name, str | None)
    assert_type(whole.modified_on, date | str | None)
    assert_type(whole.pan_or_gstin, str | None)
    assert_type(whole.parent_company_id, str | None)
    assert_type(whole.select_all, bool | None)
    assert_type(whole.unique_ref_no, str | None)
    assert_type(whole.as_wire(), dict[str, Any])
    lenient = CustomerFilter(
        balance_amount=1,
        customer_ids=(id_ for id_ in "ab"),
        customer_status="ALL",
        level="LEVEL_2",
    )
    CustomerFilter(balance_amount=1.5)  # type: ignore[arg-type]
    CustomerFilter(created_on_from=2024)  # type: ignore[arg-type]
    CustomerFilter(created_on_from="2024-01-01", created_on_to=date(2024, 1, 31))
    CustomerFilter(state="KA")  # type: ignore[call-arg]
    CustomerFilter("123")  # type: ignore[call-arg]
    whole.legal_name = "x"  # type: ignore[misc]
    return whole, lenient, CustomerFilter()


def spelled(
    status: CustomerStatus, level: CustomerLevel, direction: Direction, kind: ReminderType
) -> tuple[str, ...]:
    """Match on every member: one that is added or lost shows here."""
    match status:
        case CustomerStatus.ACTIVE | CustomerStatus.ALL | CustomerStatus.INACTIVE:
            pass
        case _:
            assert_never(status)
    match level:
        case CustomerLevel.LEVEL_1 | CustomerLevel.LEVEL_2 | CustomerLevel.LEVEL_3:
            pass
        case _:
            assert_never(level)
    match direction:
        case Direction.ASC | Direction.DESC:
            pass
        case _:
            assert_never(direction)
    match kind:
        case ReminderType.ONCE | ReminderType.RECURRING:
            pass
        case _:
            assert_never(kind)
    return status, level, direction, kind


# Searching


async def searching(customers: Customers, saved: ResumeToken) -> None:
    def set_aside(bad: BadRecord) -> None:
        assert_type(bad.raw, bytes)
        assert_type(bad.reason, str)
        assert_type(bad.offset, int)
        assert_type(bad.index, int)

    search = customers.search(
        CustomerFilter(),
        order_by="createdOn",
        direction=Direction.ASC,
        offset=10,
        page_size=50,
        max_records=100,
        strict=True,
        full_check=True,
        on_bad_record=set_aside,
        resume=saved,
    )
    assert_type(search, CustomerSearch)
    crawl = customers.crawl(
        CustomerFilter(),
        page_size=50,
        max_records=100,
        strict=True,
        on_bad_record=set_aside,
        resume=saved,
    )
    assert_type(crawl, CustomerSearch)
    assert_type(await customers.windows(CustomerFilter(), max_records=10), list[CustomerFilter])
    assert_type(search.total, int | None)
    assert_type(search.report, SearchReport)
    assert_type(search.resume_token, ResumeToken)
    page = await search
    assert_type(page, Page[Customer])
    assert_type(page.records, tuple[Customer, ...])
    assert_type(page.offset, int)
    assert_type(page.total, int | None)
    assert_type(page.next_offset, int)
    assert_type(page.has_more, bool)
    assert_type(page.to_dict(wire=True, json=True), dict[str, Any])
    assert_type(page.records[0].to_dict(), dict[str, Any])
    assert_type(page.records[0].to_json(wire=True), str)
    assert issubclass(HiddenFieldsWarning, UserWarning)
    assert_type(list(page), list[Customer])
    assert_type(len(page), int)
    assert_type(page[0], Customer)
    assert_type(page[:5], tuple[Customer, ...])

    async for customer in customers.search(direction="DESC", resume=str(saved)):
        assert_type(customer, Customer)
    async with customers.search() as opened:
        assert_type(opened, CustomerSearch)
        assert_type(opened.pages(), AsyncIterator[Page[Customer]])
        async for decoded in opened.pages():
            assert_type(decoded.records, tuple[Customer, ...])
    async with customers.search() as opened:
        assert_type(opened.raw_pages(), AsyncIterator[Page[bytes]])
        assert_type(opened.json_lines(), AsyncIterator[bytes])
        assert_type(await opened.first_page(), Page[Customer])
        async for raw in opened.raw_pages():
            assert_type(b"\n".join(raw), bytes)
        await opened.aclose()
    assert_type([one async for one in customers.search()], list[Customer])
    easy = customers.search(
        customer_status="active",
        level="LEVEL_1",
        created_on_from=date(2026, 1, 1),
        created_on_to="2026-01-31",
        order_by="created_on",
        extra_body={"a": [1]},
        extra_query={"b": True},
    )
    assert_type(easy, CustomerSearch)
    assert_type(customers.crawl(customer_status="ACTIVE", extra_body={}), CustomerSearch)
    assert_type(await customers.count(level="LEVEL_1", extra_query={"b": 1}), int)
    assert_type(await customers.get("KC1", extra_body={"a": None}), Customer)
    assert_type(await customers.windows(extra_query={"b": "1"}), list[CustomerFilter])
    assert_type(await customers.count(customer_status="all"), int)
    assert_type(await anext(aiter(customers.search())), Customer)

    assert_type(await customers.count(), int)
    assert_type(await customers.count(CustomerFilter(level="LEVEL_1")), int)
    assert_type(await customers.get("KC1"), Customer)

    customers.search({"level": "LEVEL_1"})  # type: ignore[arg-type]
    customers.search(limit=10)  # type: ignore[call-arg]
    customers.search(CustomerFilter(), "createdOn")  # type: ignore[call-arg]
    await customers.get(7)  # type: ignore[arg-type]
    search.report = SearchReport()  # type: ignore[misc]


def tokens(token: ResumeToken) -> ResumeToken:
    assert_type(token.fingerprint, str)
    assert_type(token.row, int)
    assert_type(token.delivered, int)
    assert_type(token.point, ListPoint | CrawlPoint)
    assert_type(token.point.edge, tuple[str, ...])
    assert_type(token.point.changed, bool)
    assert_type(token.point.total, int | None)
    assert_type(token.point_of(CrawlPoint), CrawlPoint)
    assert_type(token.version, int)
    assert_type(ResumeToken.parse(str(token)), ResumeToken)
    return ResumeToken(fingerprint="f", point=ListPoint(row=1, delivered=1, edge=("KC1",)))


def judged(report: SearchReport) -> int:
    assert_type(report.verdict, Verdict)
    assert_type(report.complete, bool)
    assert_type(report.reasons, list[str])
    assert_type(report.total_at_start, int | None)
    assert_type(report.total_at_end, int | None)
    assert_type(report.rows_received, int)
    assert_type(report.records_delivered, int)
    assert_type(report.rows_overlapping, int)
    assert_type(report.duplicates_dropped, int)
    assert_type(report.rows_reread, int)
    assert_type(report.repairs, int)
    assert_type(report.missing, list[tuple[int, int]])
    assert_type(report.bad_records, int)
    assert_type(report.pages, int)
    assert_type(report.attempts, int)
    assert_type(report.retries, int)
    assert_type(report.bytes_received, int)
    assert_type(report.seconds_waiting, float)
    assert_type(report.seconds_decoding, float)
    assert_type(report.longest_stall, float)
    match report.verdict:
        case Verdict.COMPLETE:
            return 0
        case Verdict.CHANGED:
            return 1
        case Verdict.INCOMPLETE:
            return 2
        case _:
            assert_never(report.verdict)


# Records


def record(customer: Customer) -> Row:
    assert_type(customer.account_number, str | None)
    assert_type(customer.active, bool | None)
    assert_type(customer.address, str | None)
    assert_type(customer.assigned_agent, str | None)
    assert_type(customer.bank_name, str | None)
    assert_type(customer.branch_codes, tuple[str, ...])
    assert_type(customer.company_id, str | None)
    assert_type(customer.contact_email, str | None)
    assert_type(customer.contact_number, str | None)
    assert_type(customer.created_by, str | None)
    assert_type(customer.created_by_name, str | None)
    assert_type(customer.created_on, datetime | None)
    assert_type(customer.customer_id, str | None)
    assert_type(customer.customer_key_contacts, tuple[CustomerKeyContact, ...])
    assert_type(customer.customer_logo, str | None)
    assert_type(customer.customer_reminders, tuple[CustomerReminder, ...])
    assert_type(customer.dso_median, Decimal | None)
    assert_type(customer.id, int | None)
    assert_type(customer.ifsc, str | None)
    assert_type(customer.legal_name, str | None)
    assert_type(customer.modified_by, str | None)
    assert_type(customer.modified_by_name, str | None)
    assert_type(customer.modified_on, datetime | None)
    assert_type(customer.net_amount, Decimal | None)
    assert_type(customer.pan_or_gstin, str | None)
    assert_type(customer.parent_company_id, str | None)
    assert_type(customer.parent_legal_name, str | None)
    assert_type(customer.pin_code, str | None)
    assert_type(customer.state, str | None)
    assert_type(customer.unique_ref_no, str | None)
    assert_type(customer.warnings, tuple[str, ...])
    customer.state = "KA"  # type: ignore[misc]
    customer.legalName  # type: ignore[attr-defined]  # noqa: B018
    made = Customer(customer_id="KC1", net_amount=Decimal(1), warnings=("w",))
    return made.customer_id, customer.legal_name


def contact(contact: CustomerKeyContact) -> CustomerKeyContact:
    assert_type(contact.created_by, str | None)
    assert_type(contact.created_on, datetime | None)
    assert_type(contact.customer_id, str | None)
    assert_type(contact.customer_name, str | None)
    assert_type(contact.deleted, str | None)
    assert_type(contact.email, str | None)
    assert_type(contact.key_contact_person_id, str | None)
    assert_type(contact.mail_enabled, bool | None)
    assert_type(contact.mobile, str | None)
    assert_type(contact.modified_by, str | None)
    assert_type(contact.modified_on, datetime | None)
    assert_type(contact.name, str | None)
    assert_type(contact.sms_enabled, bool | None)
    assert_type(contact.whatsapp_enabled, bool | None)
    return CustomerKeyContact(name="n", mail_enabled=False)


def reminder(reminder: CustomerReminder) -> CustomerReminder:
    assert_type(reminder.customer_id, str | None)
    assert_type(reminder.customer_reminder_id, str | None)
    assert_type(reminder.due_date_difference, int | None)
    assert_type(reminder.reminder_interval, int | None)
    assert_type(reminder.reminder_time, str | None)
    assert_type(reminder.reminder_type, ReminderType | str | None)
    assert_type(reminder.stage, str | None)
    return CustomerReminder(reminder_type=ReminderType.ONCE, reminder_interval=3)


# Errors


async def caught(customers: Customers) -> Customer | float | str | None:
    try:
        return await customers.get("KC1")
    except RecordNotFoundError:
        return None
    except RateLimitedError as error:
        return error.retry_after
    except (
        ClientRequestAbortError,
        ClientRequestError,
        InvalidAccessError,
        SystemFaultError,
        UnauthorizedError,
        UnknownServiceError,
        UnprocessableRequestError,
        ValidationError,
    ) as error:
        return error.request_id
    except APIError as error:
        assert_type(error.advice, str)
        assert_type(error.message, str)
        assert_type(error.status, int)
        assert_type(error.error_type, ErrorType | str | None)
        assert_type(error.sub_errors, tuple[Any, ...])
        assert_type(error.request_id, str | None)
        assert_type(error.timestamp, str | None)
        assert_type(error.response_code, int | str | None)
        assert_type(error.response_message, str | None)
    except ResponseError as error:
        assert_type(error.status, int | None)
    except (ConnectError, RequestTimeoutError) as error:
        assert_type(error, ConnectError | RequestTimeoutError)
    except TransportError as error:
        assert_type(error.at_once, bool)
        assert_type(error.final, bool)
    except AuthenticationError as error:
        assert_type(error.status, int | None)
    except DecodeError as error:
        assert_type(error.path, str)
        assert_type(error.reason, str)
        assert_type(error.index, int | None)
    except IncompleteSearchError as error:
        assert_type(error.report, SearchReport | None)
    except EnKashError as error:
        assert_type(error.http_status, int)
        assert_type(error.offset, int | None)
        assert_type(error.resume_token, ResumeToken | None)
    return str(ERROR_CLASSES[ErrorType.VALIDATION_ERROR])


def error_class(kind: ErrorType) -> type[APIError]:
    assert_type(ERROR_CLASSES, Mapping[ErrorType, type[APIError]])
    match kind:
        case ErrorType.CLIENT_REQUEST_ABORT:
            return ClientRequestAbortError
        case ErrorType.CLIENT_REQUEST_ERROR:
            return ClientRequestError
        case ErrorType.INVALID_ACCESS:
            return InvalidAccessError
        case ErrorType.RECORD_NOT_FOUND:
            return RecordNotFoundError
        case ErrorType.SYSTEM_ERROR:
            return SystemFaultError
        case ErrorType.UNAUTHORIZED:
            return UnauthorizedError
        case ErrorType.UNKNOWN_ERROR:
            return UnknownServiceError
        case ErrorType.UNPROCESSABLE_REQUEST:
            return UnprocessableRequestError
        case ErrorType.VALIDATION_ERROR:
            return ValidationError
        case _:
            assert_never(kind)


def raised_in_tests() -> tuple[EnKashError, ...]:
    return (
        ValidationError("no", 400, error_type=ErrorType.VALIDATION_ERROR, sub_errors=({},)),
        UnknownServiceError("no", error_type="NEW", request_id="r", timestamp="t"),
        SystemFaultError("no", response_code=500, response_message="FAILURE"),
        ResponseError("broken", 200),
        AnswerTooLargeError("large", 200),
        AuthenticationError("refused", 401),
        CertificateError("self-signed"),
        ProxyError("refused", 407),
        ConfigurationError("set ENKASH_BASE_URL"),
        InvalidArgumentError("page_size must be at least 1"),
        ArgumentTypeError("page_size must be an int"),
        DecodeError("netAmount", "not a number", offset=1, index=0),
        IncompleteSearchError("contradiction"),
    )


# The sandbox


async def sandbox(settings: SandboxSettings) -> None:
    async def hook(call: SearchCall) -> web.StreamResponse | None:
        assert_type(call.number, int)
        assert_type(call.offset, int)
        assert_type(call.limit, int)
        assert_type(call.order_by, str | None)
        assert_type(call.direction, str | None)
        assert_type(call.body, dict[str, Any])
        assert_type(call.headers, dict[str, str])
        assert_type(call.request, web.Request)
        return None

    on_search: SearchHook = hook
    async with open_sandbox(SandboxSettings(rows=10, page_cap=None, offset_unit="pages")) as box:
        assert_type(box, Sandbox)
        box.on_search = on_search
        box.on_search = None
        assert_type(box.settings, SandboxSettings)
        assert_type(box.base_url, str)
        assert_type(box.token, str)
        assert_type(box.searches, list[SearchCall])
        assert_type(box.token_requests, int)
        assert_type(box.in_flight, int)
        assert_type(box.max_in_flight, int)
        assert_type(box.customer_ids(), list[str])
        assert_type(box.records(), list[dict[str, Any]])
        assert_type(box.insert(1, newest=False), list[str])
        assert_type(box.insert_at(0, 1), list[str])
        assert_type(box.delete({"KC1"}), int)
        box.expire_tokens()
        box.revoke(box.token)
        OAuthPassword(
            client_id=box.client_id,
            client_secret=box.client_secret,
            username=box.username,
            password=box.password,
            company_id=box.company_id,
        )
    async with open_sandbox(settings), open_sandbox():
        pass


def faulty_sandbox() -> FaultScript:
    script = FaultScript([Fault(faults.Reset(), requests=[2]), Fault(faults.Html(), times=1)])
    try:
        FaultScript.parse("[[fault]]")
    except FaultScriptError as error:
        assert_type(str(error), str)
    with serve_sandbox(SandboxSettings(rows=10, faults=script)) as box:
        assert_type(box, Sandbox)
        assert_type(box.faults_injected["reset"], int)
    return script


# By hand


class Owner:
    """Opens a session without `async with`, as frameworks do."""

    def __init__(self, session: EnKashSession) -> None:
        self.session = session

    async def __aenter__(self) -> Customers:
        opened = await self.session.__aenter__()
        return opened.customers

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.session.__aexit__(kind, error, traceback)


# Fields that nobody declared


async def undeclared(session: EnKashSession) -> None:
    keeping = session.with_options(keep_unknown=True)
    assert_type(keeping, EnKashSession)
    customer = await keeping.customers.get("KC1")
    extra: Mapping[str, Any] = customer.extra
    assert_type(customer.extra.to_dict(json=True), dict[str, Any])
    assert_type([contact.extra["role"] for contact in customer.customer_key_contacts], list[Any])
    assert extra


# To a file


async def to_a_file(customers: Customers) -> None:
    active = CustomerFilter(customer_status="active")
    result = await export(customers, "c.csv", active, level="LEVEL_1", mask=["personal"])
    assert_type(result, ExportResult)
    await export(customers, Path("c.jsonl"), filter=active, window_pages=1, extra_body={"a": 1})
    await export(customers, "c.jsonl", csv=CsvStyle(bom=True), full_check=True)


# Functions of one's own around those of the SDK


class Reader:
    """Takes what a session, a view and a search take, and hands it on."""

    def __init__(self, **options: Unpack[SessionOptions]) -> None:
        self.session = EnKashSession("https://api.example", BearerToken("t"), **options)

    def view(self, **options: Unpack[ViewOptions]) -> EnKashSession:
        return self.session.with_options(**options)

    def search(
        self,
        order_by: OrderBy | None = None,
        direction: DirectionText | None = None,
        on_bad_record: OnBadRecord | None = None,
        extra_body: JsonBody | None = None,
        extra_query: QueryString | None = None,
        **fields: Unpack[CustomerFields],
    ) -> CustomerSearch:
        return self.session.customers.search(
            order_by=order_by,
            direction=direction,
            on_bad_record=on_bad_record,
            extra_body=extra_body,
            extra_query=extra_query,
            **fields,
        )


# Without an event loop


def synchronously(environ: Mapping[str, str]) -> None:
    with blocking.EnKashSession.from_env(environ, page_size=50) as session:
        assert_type(session, blocking.EnKashSession)
        assert_type(session.with_options(timeout=5, headers=None), blocking.EnKashSession)
        assert_type(session.is_open, bool)
        assert_type(session.base_url, str)
        search = session.customers.search(customer_status="active")
        assert_type(search, blocking.CustomerSearch)
        assert_type(search.first_page(), Page[Customer])
        assert_type(list(search), list[Customer])
        assert_type(list(search.pages()), list[Page[Customer]])
        assert_type(list(search.raw_pages()), list[Page[bytes]])
        assert_type(list(search.json_lines()), list[bytes])
        batches = list(search.arrow_batches(flat=True))
        # They pass for pyarrow's own, and are known without its stubs.
        pyarrow.Table.from_batches(batches).to_pylist()
        assert_type([batch.num_rows for batch in batches], list[int])
        assert_type(search.to_arrow(max_rows=5, flat=True).to_pylist(), list[dict[str, Any]])
        assert_type(search.report, SearchReport)
        assert_type(search.resume_token, ResumeToken)
        assert_type(session.customers.count(level="LEVEL_1"), int)
        assert_type(session.customers.get("KC1"), Customer)
        assert_type(session.customers.windows(), list[CustomerFilter])
        written = write_now(session.customers, "customers.jsonl", on_progress=print, resume=True)
        assert_type(written, ExportResult)
