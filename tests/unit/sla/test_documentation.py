"""What docs/sla.md shows is what the code does."""
from __future__ import annotations

import re
from pathlib import Path

import yaml

from opsledger.core.sla.policy import DEFAULT_PAUSE_ON, Reopen
from opsledger.core.sla.rules import parse_rules
from opsledger.core.tickets.validation import METRICS

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "sla.md").read_text()


def test_the_rules_document_of_the_page_is_the_example_and_is_valid() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    document = yaml.safe_load(block)
    assert document == yaml.safe_load((DOCS / "examples" / "rules.yaml").read_text())
    assert [policy.name for policy in parse_rules(document).policies] == ["vip", "standard"]


def test_every_metric_and_its_default_pauses_are_in_the_table() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.+?) \|$", PAGE.split("## The metrics")[1].split("##")[0], re.MULTILINE))
    documented = {metric: set(re.findall(r"`(\w+)`", cell)) for metric, cell in rows.items()}
    assert documented == {metric: {status.word for status in DEFAULT_PAUSE_ON[metric]} for metric in METRICS}
    assert tuple(rows) == METRICS == tuple(DEFAULT_PAUSE_ON)


def test_every_choice_of_reopening_is_in_the_table() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## Reopening")[1].split("## Due")[0], re.MULTILINE)) - {"reopen"} == set(Reopen)
