"""Which faults befall which requests, as values and as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, cast

import attrs

from enkash_async.sandbox.faults.fault import Fault
from enkash_async.sandbox.faults.kinds import KINDS
from enkash_async.sandbox.faults.toml import FaultScriptError, read_script
from enkash_async.sandbox.keywords import keywords_named
from enkash_async.sandbox.knobs import KNOB, Rule, Whole


def _listed(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(faults)


@keywords_named
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
        faults, seed = read_script(text)
        try:
            return cls(faults, seed)
        except (TypeError, ValueError) as error:
            raise FaultScriptError(f"the fault script: {error}") from error


def as_script(given: FaultScript | str) -> FaultScript:
    """Return *given*, or the script in it if it is text, as `FaultScript.parse` reads it."""
    script = FaultScript.parse(given) if isinstance(given, str) else given
    if not isinstance(script, FaultScript):
        raise TypeError(f"faults must be a FaultScript or the text of one, got {given!r}")
    return script


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
