"""What a database says when it cannot be used at all, as an error that says what to do."""
from __future__ import annotations

import re
import sqlite3

from sqlalchemy import Engine, ExceptionContext, event
from sqlalchemy.exc import InterfaceError, OperationalError

from opsledger.core.errors import DatabaseUnusable

REPAIR = "`opsledger rebuild` makes it right from the journal"
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SPOILT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_NO_SUCH = ("no such table", "no such column", "has no column")
_PG_NO_SUCH = {"42P01", "42703"}
"""undefined_table, undefined_column"""
_PG_DEPENDED_ON = "2BP01"
_PG_NO_DATABASE = "3D000"
_NO_DATABASE = re.compile('FATAL: +database ".*" does not exist')
"""What the driver has when it connects, where there is no state yet."""


def say_what_to_do(engine: Engine, shown: str) -> None:
    """Whatever is done with the engine raises DatabaseUnusable when the database is not there, locked, or without the tables."""

    @event.listens_for(engine, "handle_error")
    def _said(context: ExceptionContext) -> None:
        if not context.is_pre_ping and (reason := _reason(context)):
            raise DatabaseUnusable(f"--database {shown}: {reason}") from context.original_exception


def _reason(context: ExceptionContext) -> str:
    error = context.original_exception
    cause = (str(error).strip() or type(error).__name__).splitlines()[0]
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, cause)
    state = getattr(error, "sqlstate", None)
    if state in _PG_NO_SUCH:
        return f"the read models' tables are not those that this version needs ({cause}): {REPAIR}"
    if state == _PG_DEPENDED_ON:
        detail = getattr(getattr(error, "diag", None), "message_detail", None) or cause
        return f"a table has to be made anew, and what others made hangs on it: {detail}; drop that, rebuild, and make it again"
    if state == _PG_NO_DATABASE or _NO_DATABASE.search(cause):
        return f"{cause}: create the database; then {REPAIR}"
    if context.is_disconnect or isinstance(context.sqlalchemy_exception, OperationalError | InterfaceError):
        return cause
    return ""


def _of_sqlite(error: sqlite3.Error, cause: str) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _LOCKED:
        return f"{cause}: another process holds it; end that one or wait for it, then try again"
    if code == sqlite3.SQLITE_CANTOPEN:
        return f"{cause}: the file is not there any more, or may not be opened; {REPAIR}"
    if code in _SPOILT:
        return f"{cause}: if it is the read models' file, remove it; {REPAIR}"
    if code == sqlite3.SQLITE_ERROR and cause.startswith(_NO_SUCH):
        return f"the read models' tables are not those that this version needs ({cause}): {REPAIR}"
    if isinstance(error, sqlite3.OperationalError) and code != sqlite3.SQLITE_ERROR:
        return cause
    return ""
