"""When tickets arrive: a Poisson process whose rate follows the client's local hour and weekday."""
from __future__ import annotations

from collections.abc import Iterator
from random import Random

from opsledger.core.sla.zones import local_time, zone
from opsledger.services.demo.clients import Client

HOUR_US = 3_600_000_000


def hourly_rates(client: Client, start_us: int, days: int, tickets: float) -> list[float]:
    """Expected arrivals in each hour from the start; they add up to ``tickets``."""
    hours = [local_time(start_us + hour * HOUR_US, zone(client.time_zone)) for hour in range(days * 24)]
    weights = [client.by_hour[hour.hour] * client.by_weekday[hour.weekday()] for hour in hours]
    return [weight * tickets / sum(weights) for weight in weights]


def arrivals(random: Random, client: Client, start_us: int, days: int, tickets: float) -> Iterator[int]:
    """Instants of arrival, in order: exponential gaps within each hour, which is exact for a rate that changes by the hour."""
    for hour, rate in enumerate(hourly_rates(client, start_us, days, tickets)):
        at_h = random.expovariate(rate) if rate else 1.0
        while at_h < 1:
            yield start_us + round((hour + at_h) * HOUR_US)
            at_h += random.expovariate(rate)
