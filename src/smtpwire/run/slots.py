"""The slots that a run has at a time, and which of them keep a message.

There may be a thousand, and each asks when it is done whether there is something kept, so that is
known and not looked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from smtpwire.run.job import Job
    from smtpwire.run.slot import Slot


class Slots:
    """All slots."""

    def __init__(self) -> None:
        self._all: dict[Slot, None] = {}
        self._keeping: dict[Slot, None] = {}
        """Those with a message for a session that is not ready."""

    def __len__(self) -> int:
        return len(self._all)

    def add(self, slot: Slot) -> None:
        """Take one that keeps a message."""
        self._all[slot] = self._keeping[slot] = None

    def remove(self, slot: Slot) -> Job | None:
        """Take one away; return what it kept."""
        del self._all[slot]
        return self.take(slot)

    def take(self, slot: Slot) -> Job | None:
        """Take what a slot keeps, if it keeps anything."""
        job, slot.job = slot.job, None
        self._keeping.pop(slot, None)
        return job

    def take_for(self, slot: Slot) -> Job | None:
        """Take a message that another slot keeps and that may go on this one, the last first."""
        other = next((o for o in reversed(self._keeping) if _may_go(o.job, slot)), None)
        return None if other is None else self.take(other)

    def may_bring(self, slot: Slot) -> bool:
        """Whether others have a message that may still come to this one."""
        if any(_may_go(other.job, slot) for other in self._keeping):
            return True
        return any(other.divided for other in self._all)

    @property
    def keeping(self) -> bool:
        """Whether any keeps a message."""
        return bool(self._keeping)

    @property
    def connected(self) -> bool:
        """Whether any has a session that is ready."""
        return any(slot.connected for slot in self._all)

    def close(self) -> None:
        """Close the messages that are there, when something broke."""
        for slot in self._all:
            slot.close()


def _may_go(job: Job | None, slot: Slot) -> bool:
    return job is not None and slot.may_carry(job)
