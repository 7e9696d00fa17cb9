"""Numbers and durations: the right one, or none."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.services.importers.quantities import UNITS_US, duration_us, number, whole_number

DAY_S = 86_400


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        ("90", "s", 90), ("1.5", "min", 90), ("2:05", "s", 125), ("125:30", "s", 7_530), ("1:00:00", "s", 3_600), ("26:03:04", "s", 93_784),
        ("0.5", "d", 43_200), ("0:02:23.5", "s", 143.5), ("0:02:23,5", "s", 143.5),
        ("1:02:03:04", "s", 93_784),            # d:hh:mm:ss
        ("1.02:03:04", "s", 93_784),            # .NET's TimeSpan
        ("1.02:03:04.5000000", "s", 93_784.5),
        ("1 day, 2:03:04", "s", 93_784),        # Python's timedelta
        ("1 days 02:03:04.500", "s", 93_784.5),  # pandas
        ("1d 02:03:04", "s", 93_784),
        ("1 02:03:04", "s", 93_784),            # SQL's interval
        ("PT1H2M3S", "s", 3_723), ("P1DT2H3M4S", "s", 93_784), ("PT1.5M", "s", 90), ("P1W", "h", 7 * DAY_S), ("pt0s", "s", 0),
        ("1:30", "min", 90), ("1:30", "h", 5_400), ("1:30:00", "h", 5_400),
        ("-0:05", "s", -5), ("−1:00:00", "s", -3_600),
        ("۰:۰۲:۲۳", "s", 143), ("١٫٥", "min", 90), ("０：０２：２３", "s", 143),
    ],
)
def test_a_duration_is_what_its_shape_says(text: str, unit: str, seconds: float) -> None:
    assert duration_us(text, unit) == round(seconds * 1_000_000)


@pytest.mark.parametrize(
    "text",
    [
        "0:99:99", "0:60", "1:60:00", "1:24:00:00", "1.24:00:00", "1.02:03", "1:2:3:4:5", "1:-5", "1:", ":30", "1:2.5:03", "1.5:30",
        "1:2:x", "P", "PT", "P1M", "P1Y2M", "1h 2m", "2 days", "soon", "1:02:03:04:05", "9999999999999999:00",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration: .*PT1H2M3S|is more than"):
        duration_us(text)


def test_a_plain_number_says_what_is_wrong_with_it() -> None:
    with pytest.raises(ValueError, match=r"'1,5' is not a number \(format\.decimal"):
        duration_us("1,5")


def test_days_have_no_clock_of_two_parts() -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration_us("1:02", "d")


@given(st.integers(0, 400), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_shapes_of_one_length_are_one_length(days: int, hours: int, minutes: int, seconds: int) -> None:
    expected = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000_000
    shapes = (
        f"{days}:{hours:02}:{minutes:02}:{seconds:02}", f"{days}.{hours:02}:{minutes:02}:{seconds:02}",
        f"P{days}DT{hours}H{minutes}M{seconds}S",
        f"{days * 24 + hours}:{minutes:02}:{seconds:02}", f"{(days * 24 + hours) * 60 + minutes}:{seconds:02}", str(expected // 1_000_000),
    )
    assert {duration_us(shape) for shape in shapes} == {expected}


@pytest.mark.parametrize(
    ("text", "decimal", "found"),
    [
        ("1,234.5", ".", "1234.5"), ("1.234,5", ",", "1234.5"), ("0,5", ",", "0.5"), ("12", ".", "12"), ("-1", ".", "-1"),
        ("1e3", ".", "1000"),
        ("1 234 567", ".", "1234567"), ("1\u202f234,5", ",", "1234.5"), ("1’234.5", ".", "1234.5"), ("−3", ".", "-3"), (".5", ".", "0.5"),
        ("۱۲۳۴٫۵", ".", "1234.5"), ("١٬٢٣٤٫٥", ",", "1234.5"), ("१२", ".", "12"), ("１２．５", ".", "12.5"), ("\u200f۵", ".", "5"),
    ],
)
def test_numbers(text: str, decimal: str, found: str) -> None:
    assert number(text, decimal=decimal) == number(found)
    assert f"{number(text, decimal=decimal):f}" == found


@pytest.mark.parametrize(
    "text", ["1,5", "ten", "", ".", "-", "NaN", "inf", "1_000", "1 5", "1,234 567", "12 34", "1e999999999999999999", "5%"]
)
def test_what_is_not_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        number(text)


def test_a_count_is_whole() -> None:
    assert whole_number("2.0") == 2
    with pytest.raises(ValueError, match="not a whole number"):
        whole_number("1.9")


def test_every_unit_can_be_said() -> None:
    assert {unit: duration_us("1", unit) for unit in UNITS_US} == UNITS_US
