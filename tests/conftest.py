"""The suite does not start without the compiled kernels: it would test the twins alone and say nothing of it."""
from __future__ import annotations

import importlib
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kit.databases import database_url, postgres_server, postgres_url, sqlite_url  # noqa: F401  # fixtures for all

# No deadline: speed is shown in benchmarks. A failure prints the blob that repeats it.
settings.register_profile("opsledger", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("opsledger")

EXT = Path(__file__).parents[1] / "ext"
THREADS_LEFT_MAX = 100
"""Libraries keep a few; a test that leaves a journal or a server open in every example leaves thousands."""


def pytest_configure(config: pytest.Config) -> None:
    for source in sorted(EXT.rglob("*.pyx")):
        module = "opsledger.ext." + ".".join(source.relative_to(EXT).with_suffix("").parts)
        try:
            importlib.import_module(module)
        except ImportError as error:
            pytest.exit(f"the kernel {module} did not load ({error}); build it with: make build", returncode=3)


@pytest.fixture(scope="session", autouse=True)
def few_threads_are_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    left = Counter(thread.name for thread in threading.enumerate())
    if not request.session.testsfailed:  # a test that failed may not have come to its closing
        assert left.total() <= THREADS_LEFT_MAX, f"tests left {left.total()} threads, most of them {left.most_common(3)}"
