"""SASLprep (RFC 4013): one form for all ways to write the same name or password.

The tables are those of RFC 3454, in the standard library's `stringprep`, for Unicode 3.2.  A code
point that it does not assign may be in a query and not in what is stored (RFC 4013 section 2.5).
"""

from __future__ import annotations

_CONTROLS = frozenset(map(chr, (*range(0x20), 0x7F)))


def saslprep(text: str, *, stored: bool) -> str:
    """Prepares a user name or a password.

    Args:
        text: as it was given.
        stored: code points without a meaning in Unicode 3.2 are prohibited, too.

    Returns:
        Its prepared form.

    Raises:
        ValueError: it holds what must not be in one; the text does not say what, for it may be a
            secret.
    """
    if text.isascii():  # nothing is mapped or normalised, and only controls are prohibited
        if not _CONTROLS.isdisjoint(text):
            raise ValueError("a control character is in it")
        return text
    import stringprep
    from unicodedata import ucd_3_2_0

    mapped = (
        " " if stringprep.in_table_c12(character) else character
        for character in text
        # U+200B is in both tables; as a space it comes first in RFC 4013 section 2.1.
        if stringprep.in_table_c12(character) or not stringprep.in_table_b1(character)
    )
    prepared = ucd_3_2_0.normalize("NFKC", "".join(mapped))
    prohibited = (
        *((stringprep.in_table_a1,) if stored else ()),
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
    )
    if any(table(character) for character in prepared for table in prohibited):
        raise ValueError("a character is in it that SASLprep prohibits")
    right_to_left = [stringprep.in_table_d1(character) for character in prepared]
    if any(right_to_left) and not (
        right_to_left[0]
        and right_to_left[-1]
        and not any(map(stringprep.in_table_d2, prepared))  # RFC 3454 section 6
    ):
        raise ValueError("it mixes directions of writing in a way that SASLprep prohibits")
    return prepared
