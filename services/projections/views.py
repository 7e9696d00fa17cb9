"""Views for people who look with a BI tool: times as ISO 8601 text, durations in seconds."""
from __future__ import annotations

from sqlalchemy import Connection

_TIME = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%SZ', {0} / 1000000, 'unixepoch')",
    "postgresql": "to_char(to_timestamp({0} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
}

_VIEWS = {
    "open_timers": """
        SELECT tenant, program, source, ticket_id, metric, cycle, state, group_name, agent, policy, priority,
               {started_at_us} AS started_at, {due_at_us} AS due_at, target_us / 1000000 AS target_s,
               elapsed_us / 1000000 AS elapsed_s, paused_us / 1000000 AS paused_s
        FROM clocks WHERE state IN ('running', 'paused')""",
    "finished_clocks": """
        SELECT tenant, program, source, ticket_id, metric, cycle, state, group_name, agent, policy, priority,
               {started_at_us} AS started_at, {ended_at_us} AS ended_at, {breached_at_us} AS breached_at,
               target_us / 1000000 AS target_s, elapsed_us / 1000000 AS elapsed_s, paused_us / 1000000 AS paused_s
        FROM clocks WHERE state NOT IN ('running', 'paused')""",
}


def definitions() -> list[str]:
    """What the views are, whatever the database."""
    return [f"{name} {' '.join(query.split())}" for name, query in _VIEWS.items()]


def view_names() -> list[str]:
    return list(_VIEWS)


def create_views(connection: Connection) -> None:
    template = _TIME[connection.dialect.name]
    times = {name: template.format(name) for name in ("started_at_us", "due_at_us", "ended_at_us", "breached_at_us")}
    for name, query in _VIEWS.items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query.format(**times)}")
