"""Glucose and dates as tables write them: numbers, words, units, months."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.units import Unit
from app.importers.mysugr.months import date_in_words
from app.importers.readings import Magnitude, glucose_in, unit_in
from app.importers.tables import DateOrder


@pytest.mark.parametrize(
    ("text", "unit", "mgdl"),
    [
        ("128", Unit.MGDL, 128),
        ("7,1", Unit.MMOLL, 128),
        ("7.1", Unit.MMOLL, 128),
        ("LO", Unit.MMOLL, 39),
        ("high", Unit.MGDL, 401),
        ("0", Unit.MGDL, None),
        ("", Unit.MMOLL, None),
    ],
)
def test_a_field_is_a_reading_a_word_or_none(text: str, unit: Unit, mgdl: int | None) -> None:
    assert glucose_in(text, unit) == mgdl


@pytest.mark.parametrize("text", ["abc", "-5", "1e3", "5000", "=1+1"])
def test_what_nothing_measures_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (number|reading)"):
        glucose_in(text, Unit.MGDL)


@given(st.text(max_size=30), st.sampled_from(list(Unit)))
def test_any_text_is_a_reading_or_refused(text: str, unit: Unit) -> None:
    try:
        mgdl = glucose_in(text, unit)
    except ValueError:
        return
    assert mgdl is None or 0 < mgdl <= 1000


def test_units_are_found_in_the_name_of_a_column() -> None:
    assert unit_in("Historic Glucose mg/dL") is unit_in("Глюкоза (мг/дл)") is Unit.MGDL
    assert unit_in("Glukosewert (mmol/l)") is unit_in("Глюкоза ммоль/л") is Unit.MMOLL
    assert unit_in("Insulin (U)") is None


def test_the_size_of_the_numbers_settles_the_unit_only_where_it_can() -> None:
    def proposed(named: Unit | None, *texts: str) -> Unit | None:
        magnitude = Magnitude()
        for text in texts:
            magnitude.see(text)
        return magnitude.proposed(named)[0]

    assert proposed(None, "7.1", "39.9", "40") is Unit.MGDL
    assert proposed(None, *["7.1"] * 10) is Unit.MMOLL
    assert proposed(None, *["7.1"] * 9) is None
    assert proposed(None, "LO", "", "x") is None
    assert proposed(Unit.MMOLL, "7.1") is Unit.MMOLL
    assert proposed(Unit.MMOLL, "120") is None
    assert proposed(Unit.MGDL, *["7.1"] * 10) is None


@pytest.mark.parametrize(
    "text",
    [
        *("Mar 14, 2026", "14. März 2026", "14 mars 2026", "14 de marzo de 2026", "14 marzo 2026", "14 mrt. 2026"),
        *("14 de março de 2026", "14 mar 2026", "14. mar. 2026", "14 marca 2026", "14 марта 2026 г.", "March 14 2026"),
    ],
)
def test_dates_in_words_are_read_in_many_languages(text: str) -> None:
    assert date_in_words(text) == date(2026, 3, 14)


@pytest.mark.parametrize(
    "text",
    [
        "9 March 99999999999999",
        "14.03.2026",
        "2026-03-14",
        "Feb 30, 2026",
        "Mar 14",
        "Mar Apr 14 2026",
        "",
        "Mar 14, 26",
    ],
)
def test_what_is_no_date_in_words_is_none(text: str) -> None:
    assert date_in_words(text) is None


@pytest.mark.parametrize("month", range(1, 13))
@pytest.mark.parametrize(
    "names",
    [
        "January February March April May June July August September October November December",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "januari februari maart april mei juni juli augustus september oktober november december",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
        "januari februari mars april maj juni juli augusti september oktober november december",
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    ],
)
def test_every_month_of_a_language_is_known(names: str, month: int) -> None:
    assert date_in_words(f"9 {names.split()[month - 1]} 2026") == date(2026, month, 9)


def test_one_date_that_can_be_none_says_nothing_of_the_others() -> None:
    order = DateOrder()
    for text in ("03-04-2026", "31-31-2026", "14-04-2026"):
        order.see(text)
    assert order.settled == "dmy"


def test_dates_that_contradict_each_other_settle_nothing() -> None:
    order = DateOrder()
    for text in ("14-04-2026", "04-14-2026"):
        order.see(text)
    assert order.settled is None
