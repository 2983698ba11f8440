"""Messages into a Maildir, octet for octet.

A message is written under `tmp` and then renamed into `new`, so that whoever reads the Maildir
never sees half of one.  Line ends stay the CRLFs that came over the wire, and nothing is put in
front: what a file holds is what was submitted.
"""

from __future__ import annotations

import os
import socket
import time


class Maildir:
    """One Maildir, made where it does not exist yet.

    Attributes:
        path: its directory.
    """

    def __init__(self, path: str) -> None:
        """Make the directories.

        Raises:
            OSError: one of them can be neither found nor made.
        """
        self.path = path
        for part in ("tmp", "new", "cur"):
            os.makedirs(os.path.join(path, part), mode=0o700, exist_ok=True)
        self._host = socket.gethostname().replace("/", r"\057").replace(":", r"\072")
        self._delivered = 0

    def deliver(self, content: bytes) -> str:
        """Store one message and return its file's name, which sorts by the order of delivery.

        Raises:
            OSError: it could not be written; nothing of it is left.
        """
        self._delivered += 1
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        unique = f"M{nanoseconds // 1000:06}P{os.getpid()}Q{self._delivered:06}"
        name = f"{seconds}.{unique}.{self._host}"
        unfinished = os.path.join(self.path, "tmp", name)
        try:
            with open(unfinished, "xb") as file:
                file.write(content)
            os.rename(unfinished, os.path.join(self.path, "new", name))
        except OSError:
            if os.path.exists(unfinished):
                os.unlink(unfinished)
            raise
        return name
