"""Whoever watches a run."""

from __future__ import annotations

from smtpwire.run.report import Observer


def test_most_do_not_tell_connections_apart() -> None:
    observer = Observer()
    assert observer.connection(1) is observer.connection(2) is observer
