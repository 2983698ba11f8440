"""A message that can be sent: opened, looked through, and read as often as it must be sent.

What is small is read into memory, once, and its file is closed.  What is large is read in blocks:
a file twice (facts first, then the sending), a pipe into a spool, or, where nobody needs the facts,
straight through.  Memory does not depend on the size of the message.

Rules
- The facts come before the first octet is sent; only a pipe that is not scanned has none.
- A file may be written to by others while it is sent.  So the scan's word on its line ends is only
  believed of a block that a witness stands for; those of any other are made right again.  The dots
  are looked for behind that on every reading, whoever stands for it, or a line end written in
  between could end the data early and have the rest taken for commands.
- Errors name the message as the user did.
"""

from __future__ import annotations

import os

from smtpwire.errors import MessageUnusable
from smtpwire.message.content import BLOCK, FileContent, MemoryContent, PipeContent
from smtpwire.message.dots import DotStuffer, stuffed_whole
from smtpwire.message.eol import Normaliser
from smtpwire.message.opening import Opening
from smtpwire.message.reader import BodyReader, MemoryReader, wire_pieces
from smtpwire.message.scan import Scanner, scan_whole
from smtpwire.message.spool import Spool
from smtpwire.message.witness import TrustingNormaliser, Witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from smtpwire.message.content import Content
    from smtpwire.message.envelope import HeaderEnvelope
    from smtpwire.message.opening import Digest
    from smtpwire.message.reader import Reader
    from smtpwire.message.scan import Facts

_TOGETHER = 4096
"""Octets of a content to which its end of data is joined: to hand over one more buffer costs as
much as to copy so many."""


class Body:
    """One message's content, to be read for sending; made by `open_body` and `open_message`.

    Attributes:
        name: the message, as the user named it.
        facts: what the scan told; None for a pipe that was not scanned.
    """

    __slots__ = ("_content", "_dot_stuffing", "_raw", "_stuffed", "facts", "name")

    def __init__(
        self, content: Content, facts: Facts | None, *, name: str, raw: bool, dot_stuffing: bool
    ) -> None:
        self.name = name
        self.facts = facts
        self._content = content
        self._raw = raw
        self._dot_stuffing = dot_stuffing
        self._stuffed: tuple[bytes, ...] = ()
        """What is in memory, as DATA sends it, once it was sent so."""

    def reader(self, *, stuffed: bool, prefix: bytes = b"") -> Reader:
        """Begin to send the content, for the first time or again.

        Args:
            stuffed: for DATA: dots are doubled and the end of data is part of what is read (RFC
                5321 section 4.5.2).  Without it, for BDAT: exactly `facts.size` octets.
            prefix: what goes out in front of the content, as it is; not part of `facts`.

        Returns:
            The octets for the wire, `prefix` included.

        Raises:
            MessageUnreadable: an unspooled pipe cannot be read a second time.
        """
        content, facts = self._content, self.facts
        if isinstance(content, MemoryContent):
            pieces = self._data_pieces(content.octets) if stuffed else (content.octets,)
            return MemoryReader((prefix, *pieces) if prefix else pieces)
        return BodyReader(
            wire_pieces(
                content.blocks(),
                name=self.name,
                size=None if facts is None else facts.size,
                normaliser=None if self._raw or content.final else self._normaliser(content),
                stuffer=DotStuffer(stuff=self._dot_stuffing) if stuffed else None,
                prefix=prefix,
            ),
            pipe=content.pipe,
        )

    def _normaliser(self, content: FileContent | PipeContent) -> Normaliser | TrustingNormaliser:
        """For one sending of what others may have changed since the scan."""
        normaliser = Normaliser()
        witness = content.witness
        if witness is None or self.facts is None or not self.facts.clean:
            return normaliser
        return TrustingNormaliser(normaliser, witness.unchanged)

    def _data_pieces(self, octets: bytes) -> tuple[bytes, ...]:
        """Make a content in memory ready for DATA, once for as often as it is sent."""
        if not self._stuffed:
            content, end = stuffed_whole(octets, stuff=self._dot_stuffing)
            joined = len(content) <= _TOGETHER
            self._stuffed = (content + end,) if joined else (content, end)
        return self._stuffed

    def close(self) -> None:
        """Give back what the body holds open; it cannot be read any more.  May be repeated."""
        self._content.close()


def open_body(
    source: str | bytes | int,
    *,
    name: str,
    raw: bool = False,
    dot_stuffing: bool = True,
    scan: bool = True,
    spool_dir: str | None = None,
) -> Body:
    """Open a message whose envelope is known.

    Args:
        source: a path, or a descriptor that is open and stays the caller's to close.
        name: what to call the message in errors.
        raw: leave the line ends as they are (`-e`).
        dot_stuffing: double dots over DATA.
        scan: know the facts of every message; without it a pipe goes through unspooled and has
            none, unless it is small.
        spool_dir: where a pipe is spooled; None for TMPDIR, or /tmp without one.

    Returns:
        The body, to be closed by the caller.

    Raises:
        MessageNotFound: it cannot be opened.
        MessageUnreadable: reading or spooling it failed.
        MessageUnusable: it is empty.
    """
    body, _ = open_message(
        source,
        name=name,
        from_header=False,
        raw=raw,
        dot_stuffing=dot_stuffing,
        scan=scan,
        spool_dir=spool_dir,
    )
    return body


def open_message(
    source: str | bytes | int | Opening,
    *,
    name: str,
    from_header: bool,
    raw: bool = False,
    dot_stuffing: bool = True,
    scan: bool = True,
    spool_dir: str | None = None,
) -> tuple[Body, HeaderEnvelope | None]:
    """Open a message, and with `from_header` take its envelope out of its header (`-F`).

    Args:
        source: as for `open_body`, like the rest; or what was opened already, which becomes part of
            the body, or is closed when there is an error.
        name: what to call the message in errors.
        from_header: read the envelope, and leave Bcc and Resent-Bcc out of the content.
        raw: leave the line ends as they are.
        dot_stuffing: double dots over DATA.
        scan: know the facts of every message, as of each that has a digest.
        spool_dir: where a pipe is spooled.

    Returns:
        The body, to be closed by the caller, and the envelope, or None without `from_header`.

    Raises:
        MessageNotFound: it cannot be opened.
        MessageUnreadable: reading or spooling it failed.
        MessageUnusable: it is empty, or its header cannot be used.
    """
    opening = source if isinstance(source, Opening) else Opening(source, name=name)
    try:
        if not opening.ended:
            opening.fill(BLOCK)
        if not opening.head:
            raise MessageUnusable("the message is empty", where=name)
        envelope = None
        kept = b""
        if from_header:
            envelope = _take_envelope(opening, name)
            kept = envelope.kept_before(opening.head)
        content, facts = _content(opening, kept, name=name, raw=raw, scan=scan, spool_dir=spool_dir)
    except BaseException:
        opening.close()
        raise
    body = Body(content, facts, name=name, raw=raw, dot_stuffing=dot_stuffing)
    return body, envelope


def _take_envelope(opening: Opening, name: str) -> HeaderEnvelope:
    """Take the header, however much of it is in memory yet, and read the envelope in it."""
    from smtpwire.message.envelope import envelope_from_header
    from smtpwire.message.header import HEADER_LIMIT, header_end

    while (end := header_end(opening.head)) is None and not opening.ended:
        if len(opening.head) > HEADER_LIMIT:
            break
        opening.fill(len(opening.head) + BLOCK)
    if end is None and opening.ended:
        end = len(opening.head)  # RFC 5322 section 3.5: the body, and the empty line, may be absent
    if end is None or end > HEADER_LIMIT:
        raise MessageUnusable(f"the header does not end within {HEADER_LIMIT} octets", where=name)
    try:
        envelope = envelope_from_header(opening.take(end))
    except MessageUnusable as error:
        error.where = name
        raise
    if envelope.sender_error is not None:
        envelope.sender_error.where = name
    return envelope


def _content(
    opening: Opening, kept: bytes, *, name: str, raw: bool, scan: bool, spool_dir: str | None
) -> tuple[Content, Facts | None]:
    """The content that follows on `kept`, and what a scan of it tells."""
    if opening.ended:
        opening.close()
        if opening.digest is not None:
            opening.digest.update(kept + opening.head)
        octets, facts = scan_whole(kept + opening.head, raw=raw)
        if not octets:
            raise MessageUnusable("the message is empty without its Bcc", where=name)
        return MemoryContent(octets), facts
    scanner = Scanner(raw=raw)
    if opening.stamp is not None:
        file = FileContent(
            opening.fd,
            name=name,
            head=kept,
            start=opening.start,
            owned=opening.owned,
            stamp=opening.stamp,
            witness=Witness(opening.fd),
        )
        for block in _digested(file.blocks(), opening.digest):
            scanner.feed(block)
        scanner.finish()
        return file, scanner.facts()
    pipe = PipeContent(opening.fd, name=name, head=kept + opening.head, owned=opening.owned)
    if not scan and opening.digest is None:
        return pipe, None
    spool = Spool(spool_dir, name=name)
    try:
        for block in _digested(pipe.blocks(), opening.digest):
            spool.write(scanner.feed(block))
        spool.write(scanner.finish())
    except BaseException:
        os.close(spool.fd)
        raise
    pipe.close()
    return FileContent(spool.fd, name=name), scanner.facts()


def _digested(blocks: Iterator[bytes], digest: Digest | None) -> Iterator[bytes]:
    """The same blocks, each given to the digest, if there is one, before it is handed on."""
    for block in blocks:
        if digest is not None:
            digest.update(block)
        yield block
