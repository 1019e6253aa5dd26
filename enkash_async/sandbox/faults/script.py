"""Which faults befall which requests, as values and as text. No I/O."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, cast

import attrs

from enkash_async.sandbox.faults import answers, breaking, data, timing
from enkash_async.sandbox.faults.exchange import Operation
from enkash_async.sandbox.faults.kind import Kind
from enkash_async.sandbox.knobs import KNOB, OneOf, Rule, Share, Whole, Wholes

KINDS: Mapping[str, type[Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            *(timing.Latency, timing.Stall, timing.StallInside, timing.Trickle),
            *(breaking.Reset, breaking.ResetInside, breaking.CloseAfter, breaking.Truncate),
            *(breaking.BrokenJson, breaking.Garbage),
            *(answers.Html, answers.Empty, answers.ContentType, answers.Error),
            *(answers.BareFailure, answers.HttpError, answers.RateLimit, answers.Redirect),
            *(answers.Ceiling, answers.HugeBody, answers.GzipBomb),
            *(data.ExpireTokens, data.LockOut, data.InsertRows, data.DeleteRows),
            *(data.DuplicateRows, data.ReorderRows, data.BadRecord),
        )
    }
)
"""Every kind of fault by its name in a script."""


class FaultScriptError(ValueError):
    """The text is no fault script; the message names the place and the choices."""


def _numbers(requests: Iterable[int]) -> tuple[int, ...]:
    if not isinstance(requests, Iterable):
        raise TypeError(f"requests must be a list of whole numbers, got {requests!r}")
    return tuple(requests)


@attrs.frozen
class Fault:
    """A kind of fault and the requests that it befalls: those for which every condition holds.

    Without conditions it befalls every search.
    """

    kind: Kind
    on: Operation = attrs.field(
        default="search", kw_only=True, metadata={KNOB: OneOf(Operation, "which operation")}
    )
    requests: tuple[int, ...] = attrs.field(
        default=(),
        converter=_numbers,
        kw_only=True,
        metadata={KNOB: Wholes("these requests of the operation, counted from 0")},
    )
    offset_from: int | None = attrs.field(
        default=None, kw_only=True, metadata={KNOB: Whole("this offset or more", optional=True)}
    )
    offset_to: int | None = attrs.field(
        default=None, kw_only=True, metadata={KNOB: Whole("this offset or less", optional=True)}
    )
    row: int | None = attrs.field(
        default=None,
        kw_only=True,
        metadata={KNOB: Whole("pages that hold this row of the list, from 0", optional=True)},
    )
    skip: int = attrs.field(
        default=0, kw_only=True, metadata={KNOB: Whole("but not the first so many of them")}
    )
    every: int = attrs.field(
        default=1,
        kw_only=True,
        metadata={KNOB: Whole("of the rest, one in so many", least=1)},
    )
    probability: float = attrs.field(
        default=1.0, kw_only=True, metadata={KNOB: Share("of those this share, at random")}
    )
    burst: int = attrs.field(
        default=1,
        kw_only=True,
        metadata={KNOB: Whole("when it strikes, so many in succession", least=1)},
    )
    times: int | None = attrs.field(
        default=None,
        kw_only=True,
        metadata={KNOB: Whole("at most so often in all", least=1, optional=True)},
    )

    def __attrs_post_init__(self) -> None:
        if not isinstance(self.kind, Kind):
            raise TypeError(
                f"kind must be a fault of enkash_async.sandbox.faults, got {self.kind!r}"
            )
        for name, rule in self.conditions().items():
            rule.check(name, getattr(self, name))
        about_pages = (self.offset_from, self.offset_to, self.row) != (None, None, None)
        if self.on == "token" and (about_pages or self.kind.search_only):
            what = "an offset or a row" if about_pages else self.kind.name
            raise ValueError(f'on must be "search" for {what}')

    @classmethod
    def conditions(cls) -> dict[str, Rule]:
        """Return what can be set beside the kind, by name."""
        return {field.name: field.metadata[KNOB] for field in attrs.fields(cls) if field.metadata}


def _listed(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(faults)


@attrs.frozen
class FaultScript:
    """Faults in order, the first of them outermost, and the seed of what is left to chance.

    Chance depends on the seed and the request alone, not on the order in which requests arrive:
    the same seed and the same requests bring the same faults. *skip*, *every*, *burst* and
    *times* count as requests arrive.
    """

    faults: tuple[Fault, ...] = attrs.field(default=(), converter=_listed)
    seed: int = attrs.field(default=1, metadata={KNOB: Whole("what is left to chance")})

    def __attrs_post_init__(self) -> None:
        for fault in self.faults:
            if not isinstance(fault, Fault):
                raise TypeError(f"faults must be Fault values, got {fault!r}")
        attrs.fields(FaultScript).seed.metadata[KNOB].check("seed", self.seed)

    def __bool__(self) -> bool:
        return bool(self.faults)

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Return the script in a file; FaultScriptError or OSError says what is wrong."""
        try:
            text = Path(path).read_text("utf-8")
        except UnicodeDecodeError as error:
            raise FaultScriptError(f"the fault script is not UTF-8: {error}") from error
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the script in *text*, which is TOML; FaultScriptError says what is wrong.

        `docs/testing.md` describes it.
        """
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise FaultScriptError(f"the fault script is not TOML: {error}") from error
        _refuse_unknown("the fault script", tables, ("seed", "fault"))
        listed = tables.get("fault", [])
        if not isinstance(listed, list):
            raise FaultScriptError("the fault script: write [[fault]], with two brackets")
        listed = cast("list[object]", listed)
        faults = [_fault(number, table) for number, table in enumerate(listed, 1)]
        try:
            return cls(faults, tables.get("seed", 1))
        except (TypeError, ValueError) as error:
            raise FaultScriptError(f"the fault script: {error}") from error


def _fault(number: int, table: object) -> Fault:
    if not isinstance(table, dict):
        raise FaultScriptError(f"fault {number} must be a table, got {table!r}")
    values = cast("dict[str, Any]", table)
    kind = _kind(number, values.pop("kind", None))
    where = f"fault {number} ({kind.name})"
    _refuse_unknown(where, values, (*kind.rules(), *Fault.conditions()))
    own = {name: values.pop(name) for name in kind.rules() if name in values}
    try:
        return Fault(kind(**own), **values)
    except (TypeError, ValueError) as error:
        raise FaultScriptError(f"{where}: {error}") from error


def _kind(number: int, name: object) -> type[Kind]:
    if not isinstance(name, str) or name not in KINDS:
        problem = "has no kind" if name is None else f"has the unknown kind {name!r}"
        meant = _meant(name, KINDS)
        raise FaultScriptError(f"fault {number} {problem}{meant}; the kinds are {', '.join(KINDS)}")
    return KINDS[name]


def _refuse_unknown(where: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    known = tuple(known)
    for name in given:
        if name not in known:
            raise FaultScriptError(
                f"{where}: unknown key {name!r}{_meant(name, known)}; the keys are"
                f" {', '.join(known)}"
            )


def _meant(name: object, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(name), list(known), 1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def describe() -> str:
    """Return every kind and condition with what can be set, one line each."""
    lines: list[str] = []
    for name, kind in KINDS.items():
        lines += [f"{name}: {(kind.__doc__ or '').splitlines()[0]}", *_settings(kind, kind.rules())]
    lines += ["", "Which requests; without a condition, every search:"]
    return "\n".join(lines + _settings(Fault, Fault.conditions()))


def _settings(owner: type[Any], rules: Mapping[str, Rule]) -> list[str]:
    fields = attrs.fields_dict(owner)
    return [
        f"  {name} = {_default(fields[name].default)}  # {rule.help}"
        for name, rule in rules.items()
    ]


def _default(value: object) -> str:
    return {None: "(not given)", (): "[]"}.get(cast("Any", value), repr(value))
