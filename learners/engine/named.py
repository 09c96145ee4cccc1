"""Looking up what is offered in an explicit tuple."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from learners.engine.errors import EngineError


class Named(Protocol):
    @property
    def name(self) -> str: ...


Kind = TypeVar("Kind", bound=Named)


def one_named(kinds: Iterable[Kind], name: str, *, noun: str, unknown: type[EngineError]) -> Kind:
    """The one of this name.

    Raises:
        EngineError: `unknown`, where there is none; says what there is.
    """
    by_name = {kind.name: kind for kind in kinds}
    if name not in by_name:
        raise unknown(f"no {noun} {name!r}; there are {', '.join(by_name)}")
    return by_name[name]
