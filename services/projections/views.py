"""Views for people who look with a BI tool: times as ISO 8601 text, durations in seconds, dates by the program's own clocks.

Each is one text of SQL in which what the databases say differently has a name in braces.
"""
from __future__ import annotations

from sqlalchemy import Connection

from opsledger.core.scorecards.kpis import KPIS
from opsledger.services.projections.tables import outcomes
from opsledger.services.projections.tables_coaching import coaching_item_outcomes, coaching_outcomes
from opsledger.services.projections.tables_quality import quality_outcomes

OUTCOME_TABLES = (outcomes, quality_outcomes, coaching_outcomes, coaching_item_outcomes)
"""What scorecards add up."""

_TIME = {
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%SZ', {0} / 1000000, 'unixepoch')",
    "postgresql": "to_char(to_timestamp({0} / 1000000) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
}
_DAY = {
    "date": {"sqlite": "date({0} * 86400, 'unixepoch')", "postgresql": "(DATE '1970-01-01' + ({0})::integer)"},
    "month": {
        "sqlite": "strftime('%Y-%m', {0} * 86400, 'unixepoch')",
        "postgresql": "to_char(DATE '1970-01-01' + ({0})::integer, 'YYYY-MM')",
    },
    "year": {
        "sqlite": "strftime('%Y', {0} * 86400, 'unixepoch')",
        "postgresql": "to_char(DATE '1970-01-01' + ({0})::integer, 'YYYY')",
    },
    "day_of_year": {
        "sqlite": "CAST(strftime('%j', {0} * 86400, 'unixepoch') AS INTEGER)",
        "postgresql": "EXTRACT(DOY FROM DATE '1970-01-01' + ({0})::integer)::integer",
    },
    "two_digits": {"sqlite": "printf('%02d', {0})", "postgresql": "to_char({0}, 'FM00')"},
}
"""Of a number of days since 1970."""

_CLOCKS = {
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


def definitions(dialect: str) -> dict[str, str]:
    """The SELECT of every view, by its name."""
    times = {name: _TIME[dialect].format(name) for name in ("started_at_us", "due_at_us", "ended_at_us", "breached_at_us")}
    return {**{name: query.format(**times) for name, query in _CLOCKS.items()}, "cases": _cases(dialect)}


def view_names() -> list[str]:
    return list(definitions("sqlite"))


def wordings() -> list[str]:
    """What the views are, in the words of one database: whoever changes one has made another version of the read models."""
    return [f"{name} {' '.join(query.split())}" for name, query in definitions("sqlite").items()]


def create_views(connection: Connection) -> None:
    literal = "%%" if connection.dialect.paramstyle == "pyformat" else "%"  # the driver takes a lone one for a parameter
    for name, query in definitions(connection.dialect.name).items():
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {query.replace('%', literal)}")


def _cases(dialect: str) -> str:
    """Every case that a scorecard counts, with the day, week and month in which it counts there."""
    day = {name: forms[dialect] for name, forms in _DAY.items()}
    every = " UNION ALL ".join(
        f"SELECT tenant, program, kpi, at_us, agent, group_name, source, ticket_id, numerator, denominator, value, detail FROM {table.name}"
        for table in OUTCOME_TABLES
    )
    shares = ", ".join(f"'{name}'" for name, kpi in KPIS.items() if kpi.unit == "share")
    return f"""
        SELECT tenant, program, kpi, agent, group_name, source, ticket_id, {_TIME[dialect].format("at_us")} AS at,
               {day["date"].format("local_day")} AS local_date,
               {day["year"].format("(week_day + 3)")} || '-W' ||
               {day["two_digits"].format("(" + day["day_of_year"].format("(week_day + 3)") + " - 1) / 7 + 1")} AS local_week,
               {day["date"].format("week_day")} AS week_begins,
               {day["month"].format("local_day")} AS local_month,
               CASE WHEN kpi IN ({shares}) THEN numerator END AS counted,
               CASE WHEN value IS NULL THEN numerator ELSE value END AS amount,
               numerator, denominator, detail
        FROM (
            SELECT each.*, local_day - (local_day + 3 - week_starts + 7) % 7 AS week_day FROM (
                SELECT every_case.*, (every_case.at_us / 1000000 + COALESCE(clocks_of.offset_s, 0)) / 86400 AS local_day,
                       COALESCE(clocks_of.week_starts, 0) AS week_starts
                FROM ({every}) AS every_case
                LEFT JOIN program_offsets AS clocks_of
                  ON clocks_of.tenant = every_case.tenant AND clocks_of.program = every_case.program
                 AND every_case.at_us >= clocks_of.from_us AND every_case.at_us < clocks_of.until_us
            ) AS each
        ) AS dated"""
