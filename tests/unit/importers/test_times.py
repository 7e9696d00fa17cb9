"""Times as sources of many countries write them. Nothing depends on the machine's language or zone."""
from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput
from opsledger.services.importers.date_names import AMBIGUOUS, months, weekdays
from opsledger.services.importers.time_pattern import TimePattern
from opsledger.services.importers.times import TimeReader, ZoneSpan

MINUTES = "%Y-%m-%d %H:%M"


def instant(text: str, form: str = "iso", zone: str = "UTC", calendar: str = "gregorian") -> str:
    at_us = TimeReader([form], zone, calendar=calendar).instant_us(text)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).strftime(MINUTES)


@pytest.fixture(params=["America/New_York", "Europe/Berlin", "UTC"])
def machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_zone")
@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-01-05 09:00 UTC", "Europe/Berlin", "2026-01-05 09:00"),
        ("2026-01-05 09:00 GMT", "Europe/Berlin", "2026-01-05 09:00"),
        ("2026-07-05 09:00 Z", "Europe/Berlin", "2026-07-05 09:00"),
        ("2026-01-05 09:00 CET", "Europe/Berlin", "2026-01-05 08:00"),
        ("2026-07-05 09:00 EDT", "America/New_York", "2026-07-05 13:00"),
        ("2026-10-25 02:30 CEST", "Europe/Berlin", "2026-10-25 00:30"),  # the clock shows 02:30 twice: the name says which
        ("2026-10-25 02:30 CET", "Europe/Berlin", "2026-10-25 01:30"),
    ],
)
def test_the_name_of_a_zone_means_utc_or_what_the_mappings_zone_is_called(text: str, zone: str, expected: str) -> None:
    assert instant(text, f"{MINUTES} %Z", zone) == expected


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026-01-05T09:00:00Z", "%Y-%m-%dT%H:%M:%SZ", "2026-01-05 09:00"),
        ("2026-01-05 09:00 UTC", "%Y-%m-%d %H:%M UTC", "2026-01-05 09:00"),
        ("05.01.2026 09:00 (GMT)", "%d.%m.%Y %H:%M (GMT)", "2026-01-05 09:00"),
        ("Mon Jan 05 2026 09:00:00 GMT+0100 (CET)", "%a %b %d %Y %H:%M:%S GMT%z (%Z)", "2026-01-05 08:00"),  # JavaScript's Date
        ("Zeit: 05.01.2026 09:00", "Zeit: %d.%m.%Y %H:%M", "2026-01-05 08:00"),
    ],
)
def test_utc_in_the_pattern_is_utc_too(text: str, form: str, expected: str) -> None:
    assert instant(text, form, "Europe/Berlin") == expected


@pytest.mark.usefixtures("machine_zone")
@pytest.mark.parametrize(
    ("text", "zone"),
    [("2026-01-05 09:00 EST", "Europe/Berlin"), ("2026-01-05 09:00 CEST", "Europe/Berlin"), ("2026-01-05 09:00 CET", "UTC")],
)
def test_a_name_of_which_the_offset_cannot_be_known_is_refused(text: str, zone: str) -> None:
    with pytest.raises(ValueError, match=r"its offset cannot be known: .*time\.zone"):
        instant(text, f"{MINUTES} %Z", zone)


def test_a_zone_is_an_iana_name_and_never_the_machines() -> None:
    for name in ("localtime", "posixrules", "CEST", "right/UTC"):
        with pytest.raises(InvalidInput, match="is not an IANA time zone"):
            TimeReader(zone=name)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("2026-01-05 24:00", "iso", "2026-01-06 00:00"),
        ("20261231T240000Z", "iso", "2027-01-01 00:00"),
        ("2026-01-05T24:00:00.000+02:00", "iso", "2026-01-05 22:00"),
        ("05.01.2026 24:00", "%d.%m.%Y %H:%M", "2026-01-06 00:00"),
        ("28/02/2028 24:00:00", "%d/%m/%Y %H:%M:%S", "2028-02-29 00:00"),
    ],
)
def test_24_00_is_the_end_of_its_day(text: str, form: str, expected: str) -> None:
    assert instant(text, form) == expected


@pytest.mark.parametrize(("text", "form"), [("2026-01-05 24:01", "iso"), ("2026-01-05 24:30", MINUTES), ("2026-01-05 25:00", MINUTES)])
def test_nothing_comes_after_24_00(text: str, form: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        instant(text, form)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("5. März 2026 09:00", "%d. %B %Y %H:%M", "2026-03-05 09:00"),
        ("05-MRZ-26 09:00", "%d-%b-%y %H:%M", "2026-03-05 09:00"),
        ("5 Okt. 2026 09:00", "%d %b %Y %H:%M", "2026-10-05 09:00"),
        ("5. Jänner 2026 09:00", "%d. %B %Y %H:%M", "2026-01-05 09:00"),
        ("Donnerstag, 5. Februar 2026 09:00", "%A, %d. %B %Y %H:%M", "2026-02-05 09:00"),
        ("lun. 5 janv. 2026 09:00", "%a %d %b %Y %H:%M", "2026-01-05 09:00"),
        ("5 fevr 2026 09:00", "%d %b %Y %H:%M", "2026-02-05 09:00"),
        ("1 août 2026 09:00", "%d %B %Y %H:%M", "2026-08-01 09:00"),
        ("5 de septiembre de 2026 9:00 p. m.", "%d de %B de %Y %I:%M %p", "2026-09-05 21:00"),
        ("5/ene/2026 09:00", "%d/%b/%Y %H:%M", "2026-01-05 09:00"),
        ("5 de março de 2026 09:00", "%d de %B de %Y %H:%M", "2026-03-05 09:00"),
        ("05/out/2026 09:00", "%d/%b/%Y %H:%M", "2026-10-05 09:00"),
        ("2026年1月5日 下午9:05", "%Y年%m月%d日 %p%I:%M", "2026-01-05 21:05"),
        ("２０２６年１２月５日 ０９：００", "%Y年%b%d日 %H:%M", "2026-12-05 09:00"),
        ("十二月 5 2026 09:00", "%B %d %Y %H:%M", "2026-12-05 09:00"),
        ("۵ ژانویهٔ ۲۰۲۶ ۰۹:۰۰", "%d %B %Y %H:%M", "2026-01-05 09:00"),
        ("۵ آگوست ۲۰۲۶ ۰۹:۰۰", "%d %B %Y %H:%M", "2026-08-05 09:00"),
        ("1/5/2026, 9:00\u202fPM", "%m/%d/%Y, %I:%M %p", "2026-01-05 21:00"),  # as browsers write it
        ("٥ فبروري ٢٠٢٦ 09:00", "%d %B %Y %H:%M", "2026-02-05 09:00"),  # Arabic digits and yeh
        ("\u200f05/01/2026 09:00", "%d/%m/%Y %H:%M", "2026-01-05 09:00"),  # a mark of right-to-left writing, as Excel leaves it
        ("०५.०१.२०२६ ०९:००", "%d.%m.%Y %H:%M", "2026-01-05 09:00"),
        ("Mon Jan  5 09:00:00 2026", "%c", "2026-01-05 09:00"),
        ("۲۰۲۶-۰۱-۰۵T۰۹:۰۰Z", "iso", "2026-01-05 09:00"),
        ("۱۷۶۷۶۰۳۶۰۰", "epoch_s", "2026-01-05 09:00"),
    ],
)
def test_words_and_digits_of_many_languages(text: str, form: str, expected: str) -> None:
    assert instant(text, form) == expected


def test_no_word_means_two_months() -> None:
    assert AMBIGUOUS not in {*months("gregorian").values(), *months("persian").values()}
    assert AMBIGUOUS in weekdays().values()


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [   # Nowruz as the calendar centre of the University of Tehran publishes it; 1404 is no leap year, as cycles of 2,820 years have it
        ("1399/01/01 00:00", "%Y/%m/%d %H:%M", "2020-03-20 00:00"),
        ("1399/12/30 00:00", "%Y/%m/%d %H:%M", "2021-03-20 00:00"),
        ("1403/12/30 23:59", "%Y/%m/%d %H:%M", "2025-03-20 23:59"),
        ("1404/01/01 00:00", "%Y/%m/%d %H:%M", "2025-03-21 00:00"),
        ("1405/01/01 00:00", "%Y/%m/%d %H:%M", "2026-03-21 00:00"),
        ("1408-12-30 24:00", "iso", "2030-03-21 00:00"),
        ("دوشنبه ۱۵ دی ۱۴۰۴ ۰۹:۰۰", "%A %d %B %Y %H:%M", "2026-01-05 09:00"),
        ("15 Dey 04 9:00 ق.ظ.", "%d %B %y %I:%M %p", "2026-01-05 09:00"),
        ("۵ امرداد ۱۴۰۴ ۰۰:۰۰", "%d %B %Y %H:%M", "2025-07-27 00:00"),
        ("۱۳۷۸/۰۱/۰۱ ۰۰:۰۰", "%Y/%m/%d %H:%M", "1999-03-21 00:00"),
    ],
)
def test_the_persian_calendar(text: str, form: str, expected: str) -> None:
    assert instant(text, form, calendar="persian") == expected


@pytest.mark.parametrize(
    ("text", "calendar", "words"),
    [
        ("1404-10-15 09:00", "gregorian", r"is of the Persian calendar: say time: \{calendar: persian\}"),
        ("2026-01-05 09:00", "persian", "is of the Gregorian calendar"),
    ],
)
def test_a_date_of_the_other_calendar_says_so(text: str, calendar: str, words: str) -> None:
    for form in ("iso", MINUTES):
        with pytest.raises(ValueError, match=words):
            instant(text, form, calendar=calendar)


def test_persian_times_are_local_to_their_zone() -> None:
    assert instant("۱۴۰۴-۱۰-۱۵T۰۹:۰۰", zone="Asia/Tehran", calendar="persian") == "2026-01-05 05:30"


@pytest.mark.parametrize("text", ["1404/12/30 00:00", "1404/07/31 00:00", "1404/13/01 00:00"])
def test_a_day_that_the_persian_calendar_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        instant(text, "%Y/%m/%d %H:%M", calendar="persian")


@pytest.mark.parametrize(
    ("form", "calendar", "words"),
    [
        ("%H:%M", "gregorian", "has no year"),
        ("%Y-%m-%d %I:%M", "gregorian", "%I without %p"),
        ("%Y-%m-%d %H:%M %p", "gregorian", "%p without %I"),
        ("%Y-W%V-%u", "gregorian", "only part of %G, %V and a weekday"),
        ("%Y week %W", "gregorian", "the number of a week without"),
        ("%Y-%m-%d %Y", "gregorian", "%Y twice"),
        ("%Y-%Q", "gregorian", "%Q is not a directive"),
        ("%Y-%m-%d%", "gregorian", "% is not a directive"),
        ("%Y-%j", "persian", "by year, month and day"),
    ],
)
def test_a_pattern_that_leaves_open_what_a_text_means_is_refused(form: str, calendar: str, words: str) -> None:
    with pytest.raises(InvalidInput) as error:
        TimeReader(["iso", form], calendar=calendar, field="m.yaml: time.zone")
    assert error.value.violations[0].field == "m.yaml: time.formats"
    assert words in error.value.violations[0].description


@given(
    st.sampled_from((
        "%Y-%m-%d %H:%M:%S.%f", "%d %b %y %I:%M:%S %p", "%B %d, %Y", "%A %d/%m/%Y %H%M%S", "%Y-%j %H:%M", "%G-W%V-%u", "%Y %U %w %H",
        "%Y %W %a", "%c", "%x %X", "%Y-%m-%dT%H:%M:%S%z", "%%%Y%m%d",
    )),
    st.datetimes(datetime(1970, 1, 1), datetime(2067, 1, 1)),
)
def test_english_patterns_are_read_as_strptime_reads_them(form: str, moment: datetime) -> None:
    text = moment.replace(tzinfo=UTC if "%z" in form else None).strftime(form)
    assert TimePattern(form).read(text).moment == datetime.strptime(text, form)


def test_a_zone_for_each_span_of_dates() -> None:
    moves = [ZoneSpan("Europe/Berlin", datetime(2025, 7, 1)), ZoneSpan("UTC", datetime(2025, 9, 1)), ZoneSpan("Asia/Tokyo")]
    reader = TimeReader(zone=moves)
    hours = [
        (text, datetime.fromtimestamp(reader.instant_us(text) / 1e6, UTC).hour)
        for text in ("2025-06-30 23:59", "2025-07-01 00:00", "2025-08-31 23:59", "2025-09-01 12:00")
    ]
    assert hours == [("2025-06-30 23:59", 21), ("2025-07-01 00:00", 0), ("2025-08-31 23:59", 23), ("2025-09-01 12:00", 3)]
