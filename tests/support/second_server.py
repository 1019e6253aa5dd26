"""A test server for customer search and the token call, apart from the SDK's own sandbox.

Written from the documentation alone. What the documentation says is checked strictly, so a
misspelt filter is refused; what it leaves open is a knob.
"""

import asyncio
import base64
import gzip
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from http import HTTPStatus
from itertools import count
from typing import Any, Literal, NamedTuple, Self, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

DateStyle = Literal["z", "offset", "blank", "millis", "seconds", "text_millis", "compact", "zone"]

IST = timezone(timedelta(hours=5, minutes=30))
FIRST_CREATED = datetime(2024, 1, 1, tzinfo=UTC)

DATE = (str, int)
FILTER_TYPES: dict[str, tuple[type, ...]] = {
    "accountNumber": (str,),
    "assignedAgent": (str,),
    "balanceAmount": (int, Decimal),
    "companyId": (str,),
    "contactNumber": (str,),
    "createdByName": (str,),
    "createdOnFrom": DATE,
    "createdOnTo": DATE,
    "customerIds": (list,),
    "customerStatus": (str,),
    "dsoFrom": (int,),
    "dsoTo": (int,),
    "ifsc": (str,),
    "legalName": (str,),
    "level": (str,),
    "modifiedByName": (str,),
    "modifiedOn": DATE,
    "panOrGstin": (str,),
    "parentCompanyId": (str,),
    "selectAll": (bool,),
    "uniqueRefNo": (str,),
}
ENUMS = {
    "customerStatus": {"ACTIVE", "ALL", "INACTIVE"},
    "level": {"LEVEL_1", "LEVEL_2", "LEVEL_3"},
}
DATE_PATTERNS: dict[DateStyle, str] = {
    "z": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",
    "offset": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+-]\d\d:\d\d",
    "blank": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "millis": r"-?\d+",
    "seconds": r"-?\d+",
    "text_millis": r"\d{13}",
    "compact": r"\d{14}",
    "zone": r"[^\[]+\[[^\]]+\]",
}
# What a sparse row keeps; the documentation says of no field that it is never null.
SPARSE_FIELDS = frozenset({"active", "createdOn", "customerId", "legalName"})
SAMPLE_ROW = r"""{
    "accountNumber": "000123456789", "address": "12, \"MG\" Road\nPune", "bankName": "State Bank",
    "branchCodes": ["B1", "B2"], "companyId": "CEK0000001", "contactEmail": "asha@example.com",
    "contactNumber": "9876543210", "createdBy": "U1", "createdByName": "Ravi",
    "customerKeyContacts": [{
        "createdBy": "U1", "customerName": "K\u0101ver\u012b", "deleted": "false",
        "email": "asha@example.com", "keyContactPersonId": "KP1", "mail_enabled": true,
        "mobile": "+91 9876543210", "modifiedBy": "U2", "name": "Asha", "sms_enabled": false,
        "whatsapp_enabled": true
    }],
    "customerLogo": "logo.png",
    "customerReminders": [{
        "customerReminderId": "CR1", "dueDateDifference": -3, "reminderInterval": 2,
        "reminderTime": "09:30", "reminderType": "RECURRING", "stage": "BEFORE_DUE"
    }],
    "ifsc": "SBIN0001234", "modifiedBy": "U2", "modifiedByName": "Meena",
    "panOrGstin": "ABCDE1234F", "parentCompanyId": "CEK0000002", "parentLegalName": "Parent Ltd",
    "pinCode": "411001", "state": "Maharashtra", "warnings": []
}"""


class Number(str):
    """A JSON number kept as its digits, so that none is lost on the way to the wire."""

    __slots__ = ()


class Request(NamedTuple):
    """One call as it came; header names are lower case."""

    offset: str | None
    limit: str | None
    orderBy: str | None
    direction: str | None
    body: bytes
    headers: dict[str, str]


class Answer(NamedTuple):
    status: int
    fields: dict[str, Any]


class Refused(Exception):
    """The call is answered with an error; *args* are HTTP status, errorType and message."""


@dataclass(kw_only=True)
class Knobs:
    """What the documentation leaves open, and the failures a test asks for.

    All may be changed while the server runs, except that *date_style*, *zone* and
    *sparse* have no effect on rows already made.
    """

    offset_unit: Literal["rows", "pages"] = "rows"
    first_offset: int = 0
    default_limit: int = 10
    max_limit: int = 5000  # above it the call is refused
    page_cap: int | None = None  # above it the page is silently shorter
    records_count: Literal["total", "page", "missing", "null"] = "total"
    count_off_by: int = 0
    sorts: bool = True  # False: orderBy is checked but list order is kept

    response_code: int | None = 0  # None: absent
    response_message: str | None = "SUCCESS"
    errors: Literal["http", "errorResponse", "payload"] = "http"
    failure_code: int | None = 1
    failure_message: str | None = "FAILURE"
    nulls: bool = True  # False: an unused errorResponse or payload is absent
    leave_out: Collection[str] = ()  # names dropped from envelope and errorResponse

    client_id: str = "CEK0000001"
    client_secret: str = "client-secret"
    username: str = "user@example.com"
    password: str = "password"
    token_style: Literal["snake", "camel"] = "snake"
    expires_in: int | float | str | None = 86399  # None: absent
    token_failure: Literal["oauth", "envelope"] = "oauth"
    unauthorized: Literal["oauth", "envelope"] = "oauth"  # a search with a bad token
    lock_after: int = 3
    expire_after: int | None = None  # after so many searches in all, expire() once

    date_style: DateStyle = "z"
    zone: tzinfo = IST
    accepted_dates: Collection[DateStyle] = ("z", "offset")
    sparse: bool = False
    text_match: Literal["exact", "partial"] = "exact"
    from_inclusive: bool = True
    to_inclusive: bool = True
    default_status: Literal["ACTIVE", "ALL", "INACTIVE"] = "ALL"
    select_all_drops_filters: bool = False

    chunked: bool = False
    gzip: bool = False
    fail_at: dict[int, tuple[int, str]] = field(default_factory=dict)  # by row offset
    # By number of the search, from 0: a status and lines of the head, and no body.
    bare_at: dict[int, tuple[int, *tuple[str, ...]]] = field(default_factory=dict)

    count_written: Literal["int", "point", "text"] = "int"
    success_error: Any = None  # errorResponse where there is none
    names_twice: bool = False  # errorResponse comes twice, the right one last
    deep: int = 0  # levels of a field beside the others of the envelope
    encoding: Literal["utf-8", "mark", "utf-16", "latin-1"] = "utf-8"
    content_encoding: str | None = None  # said of a body that is as it is
    padding: int = 0  # zeros after what is compressed
    answer: Callable[[Request], Awaitable[bytes | None]] | None = None

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(Knobs).items():
            value = getattr(self, name)
            if get_origin(hint) is Literal and value not in get_args(hint):
                raise ValueError(f"{name}={value!r}; use one of {get_args(hint)}.")


class SecondServer(Knobs):
    """A server that answers from *rows*, a list a test may change at any time.

    Rows are what goes on the wire; money is a `Number`. *levels* holds the level of each
    customer id, since rows have none. Leaving `running()` raises what failed inside the
    server, such as an assertion in *answer*.
    """

    def __init__(self, rows: int = 100, **knobs: Any) -> None:
        super().__init__(**knobs)
        self.rows = [self.make_row(number) for number in range(rows)]
        self.levels = {
            row["customerId"]: f"LEVEL_{number % 3 + 1}" for number, row in enumerate(self.rows)
        }
        self.requests: list[Request] = []
        self.token_requests: list[Request] = []
        self.failures: list[Exception] = []
        self.failed_logins = 0
        self.base_url = ""
        self._tokens: set[str] = set()
        self._token_numbers = count(1)
        self._searches = 0
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.token = self._new_token()

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Self, None]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.base_url = f"http://{host}:{port}"
        try:
            yield self
        finally:
            server.close()
            # A connection just accepted needs some turns of the loop to reach _accept.
            for _ in range(5):
                await asyncio.sleep(0)
            for connection, writer in self._connections.items():
                writer.transport.abort()
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await server.wait_closed()
        if self.failures:
            raise ExceptionGroup("the second server failed", self.failures)

    def expire(self) -> None:
        """Make every token issued so far invalid."""
        self._tokens.clear()

    def make_row(self, number: int) -> dict[str, Any]:
        """Return a new record; a greater *number* has a greater id, name and creation date."""
        created = FIRST_CREATED + timedelta(minutes=number)
        dates = {
            "createdOn": self._wire_date(created),
            "modifiedOn": self._wire_date(created + timedelta(days=1)),
        }
        customer = {"customerId": f"KC{number:014d}"}
        row: dict[str, Any] = json.loads(SAMPLE_ROW)
        row["customerKeyContacts"][0] |= customer | dates
        row["customerReminders"][0] |= customer
        row |= customer | dates
        row |= {
            "active": number % 4 != 3,
            "assignedAgent": f"Agent {number % 5}",
            "dsoMedian": number % 90,
            "id": number + 1,
            "legalName": f"Kāverī Traders {number:06d}",
            "netAmount": Number(f"{12345678901234567 + number}.89"),
            "uniqueRefNo": f"REF{number}",
        }
        if self.sparse and number % 3 == 1:
            return {name: row[name] if name in SPARSE_FIELDS else None for name in row}
        if self.sparse and number % 3 == 2:
            return {name: row[name] for name in row if name in SPARSE_FIELDS}
        return row

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: asyncio 3.11 reports a cancelled one of its own as an error.
        task = asyncio.create_task(self._serve(reader, writer))
        self._connections[task] = writer
        task.add_done_callback(self._connections.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except Exception as error:
            self.failures.append(error)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = request_line.split(" ")
        pairs = (line.split(":", 1) for line in lines)
        headers = {name.lower(): value.strip() for name, value in pairs}
        if "transfer-encoding" in headers:
            raise NotImplementedError("The request body is chunked; send a Content-Length.")
        body = await reader.readexactly(int(headers.get("content-length", "0")))

        path, _, query = target.partition("?")
        query_fields = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        names = ("offset", "limit", "orderBy", "direction")
        offset, limit, order_by, direction = (query_fields.pop(name, None) for name in names)
        request = Request(offset, limit, order_by, direction, body, headers)

        if (method, path) == ("POST", "/oauth/token"):
            self.token_requests.append(request)
            answer = self._token_answer(request)
        elif (method, path) == ("POST", "/api/v0/customer/search"):
            self.requests.append(request)
            raw = await self.answer(request) if self.answer else None
            if len(self.requests) - 1 in self.bare_at:
                status, *lines = self.bare_at[len(self.requests) - 1]
                head_lines = [status_line(status), *lines, "Content-Length: 0", "", ""]
                raw = "\r\n".join(head_lines).encode()
            if raw is not None:
                writer.write(raw)
                await writer.drain()
                return False
            answer = self._search_answer(request, query_fields)
        else:
            answer = self._failure(404, "RECORD_NOT_FOUND", f"No such operation: {method} {path}")

        keep_alive = headers.get("connection", "").lower() != "close"
        writer.write(self._response(answer, request, keep_alive))
        await writer.drain()
        return keep_alive

    def _response(self, answer: Answer, request: Request, keep_alive: bool) -> bytes:
        charset, body = self._encoded(to_json(answer.fields))
        head = [
            status_line(answer.status),
            f"Content-Type: application/json{charset}",
            f"Connection: {'keep-alive' if keep_alive else 'close'}",
        ]
        if self.content_encoding is not None:
            head.append(f"Content-Encoding: {self.content_encoding}")
        if answer.status == 401:
            head.append('WWW-Authenticate: Bearer realm="oauth2-resource"')
        if self.gzip and "gzip" in request.headers.get("accept-encoding", ""):
            head.append("Content-Encoding: gzip")
            body = gzip.compress(body, mtime=0) + bytes(self.padding)
        if self.chunked:
            head.append("Transfer-Encoding: chunked")
            # A prime, so that chunks end inside names, numbers and characters.
            chunks = [body[start : start + 997] for start in range(0, len(body), 997)]
            body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])
        else:
            head.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*head, "", ""]).encode("latin-1") + body

    def _encoded(self, text: str) -> tuple[str, bytes]:
        """Return what the content type says of the charset, and *text* in it."""
        if self.names_twice:
            text = text.replace("{", '{"errorResponse":{"errorType":"SYSTEM_ERROR"},', 1)
        if self.deep:
            text = text[:-1] + f',"more":{"[" * self.deep}{"]" * self.deep}}}'
        match self.encoding:
            case "mark":
                return "", b"\xef\xbb\xbf" + text.encode()
            case "utf-16":
                return "; charset=utf-16", text.encode("utf-16")
            case "latin-1":
                # What it lacks is escaped, as JSON has it.
                return "; charset=ISO-8859-1", text.encode("latin-1", "backslashreplace")
        return "", text.encode()

    def _token_answer(self, request: Request) -> Answer:
        refusal = self._login_refusal(request)
        if refusal is not None:
            self.failed_logins += 1
            status, error, text = refusal
            if self.token_failure == "envelope":
                return self._failure(status, "UNAUTHORIZED", text)
            return Answer(status, {"error": error, "error_description": text})
        self.failed_logins = 0
        self.token = self._new_token()
        answer = {
            "access_token": self.token,
            "token_type": "bearer",
            "refresh_token": f"refresh-{self.token}",
            "expires_in": self.expires_in,
            "scope": "read write trust",
        }
        if self.expires_in is None:
            del answer["expires_in"]
        if self.token_style == "camel":
            answer = {camel_case(name): value for name, value in answer.items()}
        return Answer(200, answer)

    def _login_refusal(self, request: Request) -> tuple[int, str, str] | None:
        if self.failed_logins >= self.lock_after:
            return 400, "invalid_grant", "User account is locked"
        if media_type(request) != "application/x-www-form-urlencoded":
            return 400, "invalid_request", "The body is not a form"
        pair = f"{self.client_id}:{self.client_secret}".encode()
        if request.headers.get("authorization") != "Basic " + base64.b64encode(pair).decode():
            return 401, "invalid_client", "Bad client credentials"
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") != "password":
            return 400, "unsupported_grant_type", "Unsupported grant type"
        wanted = (self.username, self.password, self.client_id)
        if (form.get("username"), form.get("password"), form.get("clientId")) != wanted:
            return 400, "invalid_grant", "Bad credentials"
        return None

    def _new_token(self) -> str:
        token = f"token-{next(self._token_numbers)}"
        self._tokens.add(token)
        return token

    def _search_answer(self, request: Request, unknown: Collection[str]) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in self._tokens:
            if self.unauthorized == "envelope":
                return self._failure(401, "UNAUTHORIZED", "Token is invalid.")
            text = "The access token is invalid or has expired"
            return Answer(401, {"error": "invalid_token", "error_description": text})
        self._searches += 1
        if self._searches == self.expire_after:
            self.expire()
        try:
            if unknown:
                raise invalid(f"no such query parameter: {', '.join(unknown)}")
            payload = self._payload(request)
        except Refused as refused:
            return self._failure(*refused.args)
        envelope = self._envelope(None, payload, self.response_code, self.response_message)
        return Answer(200, envelope)

    def _payload(self, request: Request) -> dict[str, Any]:
        limit = whole_number("limit", request.limit, self.default_limit, 1, self.max_limit)
        offset = whole_number(
            "offset", request.offset, self.first_offset, self.first_offset, 2**31 - 1
        )
        size = limit if self.page_cap is None else min(limit, self.page_cap)
        start = (offset - self.first_offset) * (size if self.offset_unit == "pages" else 1)
        filters = self._filters(request)
        if start in self.fail_at:
            status, error_type = self.fail_at[start]
            raise Refused(status, error_type, f"failed at row {start}")
        rows = [row for row in self.rows if self._matches(row, filters)]
        rows = self._ordered(rows, request)
        page = rows[start : start + size]
        payload: dict[str, Any] = {"data": page}
        if self.records_count != "missing":
            counted = {"total": len(rows), "page": len(page), "null": None}[self.records_count]
            payload["recordsCount"] = None if counted is None else self._counted(counted)
        return payload

    def _counted(self, rows: int) -> int | float | str:
        count = rows + self.count_off_by
        ways: dict[str, int | float | str]
        ways = {"int": count, "point": float(count), "text": str(count)}
        return ways[self.count_written]

    def _ordered(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        if request.direction not in (None, "ASC", "DESC"):
            raise invalid(f"direction is not ASC or DESC: {request.direction}")
        name = request.orderBy
        if name is None:
            return rows
        if isinstance(self.make_row(0).get(name, []), list):
            raise invalid(f"orderBy is not a sortable field: {name}")
        if not self.sorts:
            return rows

        def key(row: dict[str, Any]) -> tuple[bool, Any]:
            value = row.get(name)
            if isinstance(value, Number):
                value = Decimal(value)
            return value is None, 0 if value is None else value

        return sorted(rows, key=key, reverse=request.direction == "DESC")

    def _filters(self, request: Request) -> dict[str, Any]:
        if media_type(request) != "application/json":
            raise invalid("the content type is not application/json")
        try:
            body = json.loads(request.body, parse_float=Decimal)
        except ValueError as error:
            raise invalid("the body is not JSON") from error
        if not isinstance(body, dict):
            raise invalid("the body is not an object")
        filters = {
            name: self._filter_value(name, value)
            for name, value in body.items()
            if value is not None or name not in FILTER_TYPES
        }
        if filters.pop("selectAll", False) and self.select_all_drops_filters:
            return {}
        return {"customerStatus": self.default_status, **filters}

    def _filter_value(self, name: str, value: Any) -> Any:
        # Not isinstance: true would pass for an integer.
        if name not in FILTER_TYPES or type(value) not in FILTER_TYPES[name]:
            raise invalid(f"no such filter, or of another type: {name}")
        if name in ENUMS and value not in ENUMS[name]:
            raise invalid(f"not a value of {name}: {value}")
        if name == "customerIds" and not all(isinstance(one, str) for one in value):
            raise invalid("customerIds holds something other than strings")
        if FILTER_TYPES[name] is not DATE:
            return value
        styles = [
            style
            for style in self.accepted_dates
            if isinstance(value, int) == (style == "millis")
            and re.fullmatch(DATE_PATTERNS[style], str(value))
        ]
        if not styles:
            raise invalid(f"not a date-time in {name}: {value}")
        try:
            return self._moment(value)
        except ValueError as error:
            raise invalid(f"no such date in {name}: {value}") from error

    def _matches(self, row: dict[str, Any], filters: dict[str, Any]) -> bool:
        return all(self._fits(row, name, wanted) for name, wanted in filters.items())

    def _fits(self, row: dict[str, Any], name: str, wanted: Any) -> Any:
        match name:
            case "customerIds":
                return not wanted or row.get("customerId") in wanted
            case "customerStatus":
                return wanted == "ALL" or row.get("active") == (wanted == "ACTIVE")
            case "level":
                return self.levels.get(str(row.get("customerId"))) == wanted
            case "createdOnFrom":
                return in_order(wanted, self._moment(row.get("createdOn")), self.from_inclusive)
            case "createdOnTo":
                return in_order(self._moment(row.get("createdOn")), wanted, self.to_inclusive)
            case "modifiedOn":
                return self._moment(row.get("modifiedOn")) == wanted
            case "balanceAmount":
                return Decimal(row.get("netAmount") or "NaN") == wanted
            case "dsoFrom":
                return in_order(wanted, row.get("dsoMedian"), True)
            case "dsoTo":
                return in_order(row.get("dsoMedian"), wanted, True)
        value = row.get(name)
        if self.text_match == "partial" and isinstance(value, str):
            return wanted.casefold() in value.casefold()
        return value == wanted

    def _failure(self, status: int, error_type: str, message: str) -> Answer:
        if self.errors == "payload":
            envelope = self._envelope(None, message, self.failure_code, self.failure_message)
            return Answer(200, envelope)
        error = {
            "apiSubErrors": [{}],
            "errorMessage": message,
            "errorType": error_type,
            "requestId": f"request-{len(self.requests)}",
            "timestamp": datetime.now(self.zone).strftime("%Y-%m-%d %H:%M:%S"),
        }
        error = {name: error[name] for name in error if name not in self.leave_out}
        envelope = self._envelope(error, None, self.failure_code, self.failure_message)
        return Answer(status if self.errors == "http" else 200, envelope)

    def _envelope(
        self, error: dict[str, Any] | None, payload: Any, code: int | None, message: str | None
    ) -> dict[str, Any]:
        envelope = {"response_code": code, "response_message": message}
        envelope = {name: value for name, value in envelope.items() if value is not None}
        if error is None and not isinstance(payload, str):
            error = self.success_error
        for name, value in {"errorResponse": error, "payload": payload}.items():
            if value is not None or self.nulls:
                envelope[name] = value
        return {name: envelope[name] for name in envelope if name not in self.leave_out}

    def _wire_date(self, moment: datetime) -> str | int:
        match self.date_style:
            case "z":
                return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            case "offset":
                return moment.astimezone(self.zone).isoformat(timespec="milliseconds")
            case "blank":
                return moment.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S")
            case "millis":
                return int(moment.timestamp()) * 1000
            case "seconds":
                return int(moment.timestamp())
            case "text_millis":
                return str(int(moment.timestamp()) * 1000)
            case "compact":
                return moment.astimezone(self.zone).strftime("%Y%m%d%H%M%S")
            case "zone":
                return f"{moment.astimezone(IST).isoformat()}[Asia/Kolkata]"

    def _moment(self, value: str | int | None) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, int):
            if self.date_style == "seconds":
                value *= 1000
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value)
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=self.zone)


def status_line(status: int) -> str:
    known = {one.value: one.phrase for one in HTTPStatus}
    return f"HTTP/1.1 {status} {known.get(status, 'Unknown')}"


def to_json(value: Any) -> str:
    # json.dumps has no way to write a number from its digits.
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        pairs = (f"{_encode(name)}:{to_json(held)}" for name, held in value.items())
        return "{" + ",".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(to_json, value)) + "]"
    return _encode(value)


_encode = json.JSONEncoder(ensure_ascii=False).encode


def invalid(message: str) -> Refused:
    return Refused(400, "VALIDATION_ERROR", message)


def whole_number(name: str, text: str | None, default: int, least: int, most: int) -> int:
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]+", text) or not least <= int(text) <= most:
        raise invalid(f"{name} is not a whole number from {least} to {most}: {text}")
    return int(text)


def in_order(earlier: Any, later: Any, inclusive: bool) -> bool:
    if earlier is None or later is None:
        return False
    return bool(earlier < later or (inclusive and earlier == later))


def media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
