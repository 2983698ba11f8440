"""Messages of any shape, cut anywhere: the fast transforms against what is slow and obvious."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from smtpwire.message.addresslist import parse_address_list
from smtpwire.message.envelope import envelope_from_header
from smtpwire.message.header import header_end
from tests.fuzz.contents import check_what_is_scanned, check_what_is_sent
from tests.fuzz.headers import attempt
from tests.reference import normalised, without_bcc

PARTS = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b".", b"\r\n.", b"\n.\n", b"\0", b"\xe9", b"a" * 500, b"text"]
)
CHUNKS = st.lists(st.lists(PARTS, min_size=1, max_size=6).map(b"".join), max_size=8)


@given(CHUNKS, st.booleans(), st.integers(1, 600))
def test_a_server_gets_what_the_reference_says(chunks: list[bytes], raw: bool, limit: int) -> None:
    check_what_is_sent(chunks, raw=raw, limit=limit)


@given(CHUNKS, st.booleans())
def test_what_the_scanner_gives_back_and_what_it_says_of_it(chunks: list[bytes], raw: bool) -> None:
    check_what_is_scanned(chunks, raw=raw)


ATOMS = st.from_regex(r"[a-z0-9!#é]{1,6}(\.[a-z0-9!#é]{1,6}){0,2}", fullmatch=True)
QUOTED = st.text('ab ,;:<>@()\\"é', max_size=8).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
ADDRESSES = st.builds(
    "{}@{}".format, ATOMS | QUOTED, ATOMS | st.sampled_from(["[192.0.2.1]", "[IPv6:::1]"])
)
COMMENTS = st.recursive(
    st.text('ab ,;:<>@"é', max_size=5).map("({})".format),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"({''.join(parts)})"),
)
GAPS = st.sampled_from(["", " ", "\t", "\r\n ", "\n\t"]) | COMMENTS


@st.composite
def lists(draw: st.DrawFn) -> tuple[str, list[str]]:
    """An address list in one of the ways to write it, and the addresses in it."""
    text = ""
    addresses: list[str] = []

    def gap() -> str:
        return draw(GAPS)

    def mailbox() -> str:
        address = draw(ADDRESSES)
        addresses.append(address)
        local, _, domain = address.rpartition("@")
        written = f"{local}{gap()}@{gap()}{domain}"
        if draw(st.booleans()):
            name = draw(st.just("") | ATOMS | QUOTED | st.just("J. Q. Public"))
            written = f"{name}{gap()}<{gap()}{written}{gap()}>"
        return gap() + written + gap()

    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()):
            text += mailbox() + ","
        else:
            inner = ",".join(mailbox() for _ in range(draw(st.integers(0, 3))))
            text += f"{gap()}Group{gap()}:{gap()}{inner};{gap()},"
    return text, addresses


@given(lists())
def test_a_list_is_read_as_it_was_meant(written: tuple[str, list[str]]) -> None:
    text, addresses = written
    assert parse_address_list(text, "To") == addresses
    assert parse_address_list(text.encode(), "To") == addresses


@given(st.text('a@.,:;<>()[]"\\ \r\n\t\0é\x85', max_size=30) | st.binary(max_size=30))
def test_any_text_is_a_list_or_a_clear_error(body: str | bytes) -> None:
    read = attempt(partial(parse_address_list, body, "To"))
    if isinstance(read, str):
        assert read.startswith("in its To field, ")
        assert read.isascii()
        assert read.isprintable()
    else:
        text = body if isinstance(body, str) else body.decode(errors="replace")
        assert all("@" in address and address.isprintable() for address in read)
        assert len(read) <= text.count("@")


FIELDS = st.sampled_from(
    [
        b"From: a@x",
        b"To: b@x",
        b"Bcc: c@x,\r\n d@x",
        b"bCC :\n\te@x",
        b"Resent-Bcc: f@x\r ",
        b"Resent-To: g@x",
        b"Subject: Bcc: h@x\r\n Bcc: i@x",
        b"X-Bcc: j@x",
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])


@given(st.lists(st.tuples(FIELDS, ENDS), min_size=1), st.sampled_from([b"", b"\r\nBcc: k@x\r\n"]))
def test_only_bcc_is_missing_from_what_is_sent(
    fields: list[tuple[bytes, bytes]], rest: bytes
) -> None:
    header = b"".join(text + end for text, end in fields)
    message = header + rest
    end = header_end(message)
    assert end == (len(header) if rest else None)
    envelope = attempt(partial(envelope_from_header, header))
    if isinstance(envelope, str):
        assert "no recipients" in envelope
    else:
        assert normalised(envelope.kept + rest) == without_bcc(message)
        assert envelope.kept == b"".join(
            text + end for text, end in fields if not text.lower().startswith((b"bcc", b"resent-b"))
        )
