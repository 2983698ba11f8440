"""Records behave as `typing.NamedTuple` does, in all that the package uses of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from smtpwire.record import NamedTuple


class Point(NamedTuple):
    """A place."""

    x: int
    """To the right."""
    y: int = 7
    z: tuple[int, ...] = ()

    @property
    def double(self) -> int:
        """Twice x."""
        return self.x * 2

    def plus(self, other: Point) -> Point:
        """Add, as a method that makes another record."""
        return self._replace(x=self.x + other.x)

    @classmethod
    def origin(cls) -> Point:
        """Return the middle."""
        return cls(0, 0)


def test_fields_stand_in_their_order_with_their_defaults() -> None:
    assert Point._fields == ("x", "y", "z")
    assert Point(1) == (1, 7, ())
    assert Point(1, z=(2,)) == (1, 7, (2,))


def test_a_field_without_a_default_must_be_given() -> None:
    with pytest.raises(TypeError, match="'x'"):
        Point()  # type: ignore[call-arg] # the test


def test_a_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Point(1).x = 2  # type: ignore[misc] # the test


def test_methods_properties_and_class_methods_work() -> None:
    assert Point(2).double == 4
    assert Point(2, 3).plus(Point(5)) == Point(7, 3)
    assert Point.origin() == (0, 0, ())


def test_what_it_is_called_and_says_of_itself() -> None:
    assert Point.__name__ == Point.__qualname__ == "Point"
    assert Point.__module__ == __name__
    assert Point.__doc__ == "A place."
    assert repr(Point(1)) == "Point(x=1, y=7, z=())"
    assert list(Point.__annotations__) == ["x", "y", "z"]


def test_a_record_without_fields_is_an_empty_tuple() -> None:
    class Nothing(NamedTuple):
        """No fields."""

    assert Nothing() == ()
