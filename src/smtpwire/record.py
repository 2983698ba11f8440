"""Immutable records with typed fields, at the price of one `collections.namedtuple` each.

Everything that crosses a layer is a record.  `dataclasses` would add about 12 ms and `typing`
3 ms to the start of every `smtp` command, and a whole submission takes about 20; so the type
checkers are shown `typing.NamedTuple`, and what runs is this class, which has its syntax:

    if TYPE_CHECKING:
        from typing import NamedTuple
    else:
        from smtpwire.record import NamedTuple

    class Point(NamedTuple):
        x: int
        y: int = 0
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    Record = TypeVar("Record")

    def new(_record: type[Record], _fields: tuple[object, ...]) -> Record:
        """Make a record of all its fields, in order: a call of Python less than `Point(...)` is.

        For the records that are made with every message.
        """
        raise NotImplementedError

else:
    new = tuple.__new__

_MADE_BY_NAMEDTUPLE = frozenset(
    {"__annotations__", "__qualname__", "__module__", "__slots__", "__new__", "_fields"}
)


class _RecordType(type):
    """Turns a class body with annotated fields into a namedtuple with the body's methods."""

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
        if not bases:  # NamedTuple itself
            return super().__new__(mcs, name, bases, body)
        fields: dict[str, str] = body.setdefault("__annotations__", {})
        record = namedtuple(name, tuple(fields))  # type: ignore[misc]  # known at run time only
        record.__new__.__defaults__ = tuple(body[field] for field in fields if field in body)
        for key in ("__annotations__", "__module__", "__qualname__"):
            setattr(record, key, body[key])
        for key, value in body.items():
            if key not in _MADE_BY_NAMEDTUPLE and key not in fields:
                setattr(record, key, value)
        return record


class NamedTuple(metaclass=_RecordType):
    """The base to name in a class statement; the class made is a plain tuple subclass."""
