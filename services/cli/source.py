"""Where a command's answers come from: a server, or the read models here."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.remote import server_client

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from opsledger.services.client import Client

T = TypeVar("T")
_PAGE_MAX = 1_000


@contextmanager
def answers_of(
    database: str, server: str, token: str, tenant: str, *, there: Callable[[Client], Any], here: Callable[[Engine], T]
) -> Iterator[tuple[T, str]]:
    """Who answers, and for which tenant: ``there`` of a server, else ``here`` over a database that exists.

    Raises InvalidInput when the tenant is not named and there is not one alone.
    """
    if server:
        if not tenant:
            raise InvalidInput(FieldViolation("--tenant", "REQUIRED", "must be given with --server ('default' if none was named)"))
        with server_client(server, token) as client:
            yield there(client), tenant
        return
    from opsledger.services.projections.database import open_database

    engine = open_database(database, must_exist=True)
    try:
        yield here(engine), tenant or only_tenant(engine)
    finally:
        engine.dispose()


def only_tenant(engine: Engine) -> str:
    """The one that has tickets. Raises InvalidInput when there are several, naming them."""
    from opsledger.services.timers.queries import tenants

    with engine.connect() as connection:
        found = tenants(connection)
    if len(found) > 1:
        raise InvalidInput(FieldViolation("--tenant", "AMBIGUOUS", f"choose one of {', '.join(found)}"))
    return found[0] if found else "default"


def first(call: Callable[[Any], T], request: Any, field: str, limit: int) -> T:
    """So many entries of a listing, page by page, in one answer."""
    request.page_size = min(limit, _PAGE_MAX)
    found: Any = call(request)
    while (missing := limit - len(getattr(found, field))) > 0 and found.next_page_token:
        request.page_token, request.page_size = found.next_page_token, min(missing, _PAGE_MAX)
        page: Any = call(request)
        getattr(found, field).extend(getattr(page, field))
        found.next_page_token = page.next_page_token
    return found  # type: ignore[no-any-return]  # messages of all listings look alike
