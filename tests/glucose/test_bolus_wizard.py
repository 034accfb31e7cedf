from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.glucose.bolus_wizard import Absence, BasalAdjustment, BolusPreview, preview_of
from app.glucose.profile import ProfileAt
from app.glucose.units import Unit
from tests.glucose.therapy import ODD

PROFILE = ProfileAt(
    name="Default",
    unit=Unit.MGDL,
    zone=UTC,
    dia_h=4,
    carbs_g_per_h=30,
    basal_u_per_h=1,
    carb_ratio_g_per_u=10,
    sens=50,
    target_low=100,
    target_high=120,
)
MMOL_PROFILE = replace(PROFILE, unit=Unit.MMOLL, sens=2.5, target_low=5, target_high=6)


def preview(
    mgdl: float | None = 180,
    iob_u: float | None = 0,
    profile: ProfileAt | None = PROFILE,
    *,
    unit: Unit = Unit.MGDL,
    current: bool = True,
) -> BolusPreview:
    return preview_of(mgdl, unit, current=current, profile=profile, iob_u=iob_u)


def test_above_the_target_a_bolus_leads_to_its_top() -> None:
    found = preview(180, 0.2)
    assert (found.glucose, found.iob_u, found.effect, found.outcome) == (180, 0.2, 10, 170)
    assert (found.bolus_u, found.aim, found.aim_text, found.below_low_target) == (1, 120, "above high", False)
    assert (found.text(), found.errors) == ("BWP: 1.00U", ())


def test_below_the_target_there_is_too_much_insulin_by_what_leads_to_its_bottom() -> None:
    found = preview(110, 0.5)
    assert (found.outcome, found.bolus_u, found.aim, found.aim_text) == (85, -0.3, 100, "below low")
    assert (found.below_low_target, found.text()) == (False, "BWP: -0.30U")


def test_glucose_that_is_low_already_is_told() -> None:
    assert preview(99).below_low_target
    assert not preview(100).below_low_target


def test_within_the_target_nothing_is_to_be_done() -> None:
    found = preview(110)
    assert (found.bolus_u, found.aim, found.aim_text, found.basal_adjustment) == (0, None, "", None)
    assert found.text() == "BWP: 0U"


@pytest.mark.parametrize("mgdl", [100, 120])
def test_the_ends_of_the_target_are_within_it(mgdl: float) -> None:
    assert (preview(mgdl).aim, preview(mgdl).aim_text) == (None, "")


@pytest.mark.parametrize(
    ("mgdl", "iob_u", "adjustment"),
    [(170, 0, BasalAdjustment(300, 200)), (110, 0.5, BasalAdjustment(40, 70)), (110, 0, None)],
)
def test_a_temporary_basal_does_the_same(mgdl: float, iob_u: float, adjustment: BasalAdjustment | None) -> None:
    assert preview(mgdl, iob_u).basal_adjustment == adjustment


@pytest.mark.parametrize("basal", [None, 0])
def test_without_a_basal_rate_there_is_no_adjustment(basal: float | None) -> None:
    assert preview(170, profile=replace(PROFILE, basal_u_per_h=basal)).basal_adjustment is None


def test_what_is_shown_is_rounded_as_glucose_is() -> None:
    found = preview(180.3, 0.33, replace(PROFILE, sens=41))
    assert (found.outcome_shown, found.effect_shown) == (166, 14)
    in_mmol = preview(180, 0.33, MMOL_PROFILE, unit=Unit.MMOLL)
    assert (in_mmol.glucose, in_mmol.outcome_shown, in_mmol.effect_shown) == (10, 9.2, 0.8)


def test_in_medtronic_style_the_line_has_the_steps_of_the_pump() -> None:
    assert preview(187).text(medtronic=True) == "BWP: 1.3U"


@pytest.mark.parametrize("profile", [PROFILE, MMOL_PROFILE])
@pytest.mark.parametrize("unit", list(Unit))
def test_the_bolus_does_not_depend_on_the_units_of_screen_and_profile(profile: ProfileAt, unit: Unit) -> None:
    assert preview(216, profile=profile, unit=unit).bolus_u == pytest.approx(2.1, abs=0.35)


@pytest.mark.parametrize(
    ("found", "errors"),
    [
        (preview(profile=None), [Absence.NO_PROFILE]),
        (preview(profile=replace(PROFILE, sens=None)), [Absence.NO_PROFILE_FIELDS]),
        (preview(profile=replace(PROFILE, target_high=None)), [Absence.NO_PROFILE_FIELDS]),
        (preview(profile=replace(PROFILE, target_low=0)), [Absence.NO_PROFILE_FIELDS]),
        (preview(iob_u=None), [Absence.NO_IOB]),
        (preview(current=False), [Absence.NOT_CURRENT]),
        (preview(38), [Absence.NOT_CURRENT]),
        (preview(None), [Absence.NOT_CURRENT]),
        (preview(5000), [Absence.NOT_CURRENT]),
        (preview(None, None, None), [Absence.NO_PROFILE, Absence.NO_IOB, Absence.NOT_CURRENT]),
    ],
)
def test_what_is_missing_is_named_and_no_number_is_given(found: BolusPreview, errors: list[Absence]) -> None:
    assert list(found.errors) == errors
    assert (found.effect, found.outcome, found.bolus_u, found.basal_adjustment) == (0, 0, 0, None)


def test_reasons_are_in_the_words_of_nightscout() -> None:
    assert [str(absence) for absence in Absence] == [
        "Missing need a treatment profile",
        "Missing sens, target_high, or target_low treatment profile fields",
        "Missing IOB property",
        "Data isn't current",
    ]


@pytest.mark.parametrize(("mgdl", "counted"), [(38.9, False), (39, True), (600, True), (600.1, False)])
def test_only_what_a_sensor_or_a_meter_can_tell_is_counted_with(mgdl: float, counted: bool) -> None:
    assert (Absence.NOT_CURRENT not in preview(mgdl).errors) is counted


@given(st.floats(39, 400), st.floats(-5, 20), st.floats(10, 200))
def test_after_the_bolus_the_outcome_is_on_target(mgdl: float, iob_u: float, sens: float) -> None:
    found = preview(mgdl, iob_u, replace(PROFILE, sens=sens))
    reached = found.outcome - found.bolus_u * sens
    assert 100 - 1e-6 <= reached <= 120 + 1e-6


@given(ODD, ODD, ODD, ODD, ODD, st.sampled_from(list(Unit)))
def test_odd_numbers_give_a_preview_or_its_reasons(
    mgdl: float, iob_u: float, sens: float, low: float, basal: float, unit: Unit
) -> None:
    numbers = [number if isinstance(number, float) else None for number in (sens, low, basal)]
    profile = replace(PROFILE, sens=numbers[0], target_low=numbers[1], basal_u_per_h=numbers[2])
    found = preview(mgdl, iob_u, profile, unit=unit)
    assert found.text().startswith("BWP: ")
    assert found.outcome_shown == found.outcome_shown
