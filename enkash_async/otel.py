"""OpenTelemetry: one span for each search, above the spans of its requests.

    EnKashSession(..., hooks=search_spans())

The spans of the requests are those of the package opentelemetry-instrumentation-aiohttp-client,
if you use it; they become children of the search's span. See docs/telemetry.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from enkash_async import __version__
from enkash_async.events import Hooks, Outcome, RetryPlanned, SearchEnded, SearchStarted

try:
    from opentelemetry import context, trace
except ImportError as error:
    raise ImportError(
        "enkash_async.otel needs opentelemetry-api: pip install 'enkash-async[otel]'."
        " To see spans, install and set up opentelemetry-sdk and an exporter too"
    ) from error

__all__ = [
    "search_spans",
]

_REPORT_ATTRIBUTES: Mapping[str, str] = {
    "enkash.search.records": "records_delivered",
    "enkash.search.total": "total_at_end",
    "enkash.search.pages": "pages",
    "enkash.search.attempts": "attempts",
    "enkash.search.retries": "retries",
    "enkash.search.bytes_received": "bytes_received",
    "enkash.search.duplicates_dropped": "duplicates_dropped",
    "enkash.search.rows_reread": "rows_reread",
    "enkash.search.repairs": "repairs",
    "enkash.search.bad_records": "bad_records",
}


def search_spans(tracer_provider: trace.TracerProvider | None = None) -> Hooks:
    """Return hooks that make a span of each search, a child of the span in which it is read.

    The caller's own current span stays current in the caller's code. *tracer_provider* is the
    global one where none is given; without an SDK nothing is recorded. Sessions may share the
    hooks.
    """
    tracer = trace.get_tracer("enkash_async", __version__, tracer_provider)
    spans = _SearchSpans(tracer)
    return Hooks(on_search_start=spans.start, on_retry=spans.note_retry, on_search_end=spans.end)


class _SearchSpans:
    """The spans of the searches that run, by the searches' numbers."""

    def __init__(self, tracer: trace.Tracer) -> None:
        self._tracer = tracer
        self._spans: dict[int, trace.Span] = {}

    def start(self, event: SearchStarted) -> None:
        span = self._tracer.start_span(
            f"{event.resource}.{event.method}",
            attributes={
                "enkash.search.resource": event.resource,
                "enkash.search.method": event.method,
            },
        )
        self._spans[event.search_id] = span
        # Never detached: the context is the search's own and ends with it.
        context.attach(trace.set_span_in_context(span))

    def note_retry(self, event: RetryPlanned) -> None:
        span = None if event.search_id is None else self._spans.get(event.search_id)
        if span is not None and span.is_recording():
            span.add_event("retry", _known(_retry_attributes(event)))

    def end(self, event: SearchEnded) -> None:
        span = self._spans.pop(event.search_id)
        if span.is_recording():
            span.set_attributes(_known(_end_attributes(event)))
            if event.outcome is Outcome.FAILED:
                # The class alone: the text of an error may repeat what the service said.
                span.set_status(trace.StatusCode.ERROR, event.error)
        span.end()


_Value = str | int | float | None


def _retry_attributes(event: RetryPlanned) -> dict[str, _Value]:
    return {
        "enkash.retry.attempt": event.attempt,
        "enkash.retry.delay": event.delay,
        "error.type": event.error,
        "enkash.error_type": event.error_type,
        "http.response.status_code": event.status,
    }


def _end_attributes(event: SearchEnded) -> dict[str, _Value]:
    counts = {name: getattr(event.report, field) for name, field in _REPORT_ATTRIBUTES.items()}
    return {
        "enkash.search.outcome": event.outcome,
        "enkash.search.verdict": event.report.verdict,
        **counts,
        "error.type": event.error,
        "enkash.error_type": event.error_type,
        "enkash.request_id": event.request_id,
        "enkash.client_request_id": event.client_request_id,
        "http.response.status_code": event.status,
    }


def _known(attributes: Mapping[str, _Value]) -> dict[str, str | int | float]:
    # Exporters know plain text, not the subclasses of it that enums are.
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in attributes.items()
        if value is not None
    }
