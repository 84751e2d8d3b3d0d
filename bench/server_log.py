"""Counts every statement that reaches one database, whoever sends it, by the server's own log."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
from psycopg import sql

_STATEMENT = re.compile(r"LOG:  (?:statement|execute [^:]*): (.*)")
_FRAME = re.compile(r"BEGIN|COMMIT|ROLLBACK|SET |SHOW ", re.IGNORECASE)


class ServerLog:
    """The log of the server; only databases for which `switch_on` was called write statements into it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._from = 0

    @staticmethod
    def switch_on(connection: psycopg.Connection, database: str) -> None:
        """Let sessions that begin from now on log their statements."""
        connection.execute(sql.SQL("ALTER DATABASE {} SET log_statement = 'all'").format(sql.Identifier(database)))

    def mark(self) -> None:
        """Count from here."""
        self._from = self._file.stat().st_size

    def statements(self) -> list[str]:
        """The statements since the mark, without those that only begin, end or prepare a transaction."""
        with self._file.open("rb") as stream:
            stream.seek(self._from)
            written = stream.read().decode("utf-8", "replace")
        found = (text.strip() for text in _STATEMENT.findall(written.replace("\n\t", " ")))
        return [text for text in found if not _FRAME.match(text)]
