"""Tables of text, which Markdown reads too."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay a table out; columns in which no row has anything are left out."""
    kept = [number for number in range(len(head)) if any(row[number] for row in rows)]
    cells = [[row[number] for number in kept] for row in (head, *rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(kept))]
    lines = [
        "| " + " | ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
