"""``iob``, ``cob``, ``bwp``, ``basal``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.compat.conftest import Site
from tests.compat.reading_present import EVERYTHING, asked, properties
from tests.live.device_documents import (
    a_profile,
    by_androidaps,
    by_loop,
    by_minimed_connect,
    by_old_rig,
    by_transmitter,
    when,
)
from tests.live.uploads import at, done, sgv

SiteWith = Callable[..., Site]


@pytest.fixture
def everything(site_with: SiteWith) -> Site:
    site = site_with(ENABLE=EVERYTHING)
    site.profiles.save([a_profile()])
    return site


def test_loops_word_on_insulin(everything: Site) -> None:
    everything.device_status.save([by_loop()])
    assert properties(everything, "iob")["iob"] == {
        "iob": 1.505,
        "source": "Loop",
        "device": "loop://iPhone",
        "mills": at(2),
        "display": "1.50",
        "displayLine": "IOB: 1.50U",
    }


def test_androidaps_word_on_insulin(everything: Site) -> None:
    everything.device_status.save([by_androidaps()])
    everything.treatments.save([done(60, "Meal Bolus", insulin=2)])
    assert properties(everything, "iob")["iob"] == {
        "iob": 1.12,
        "basaliob": 0.2,
        "activity": 0.011,
        "source": "OpenAPS",
        "device": "openaps://samsung SM-A515F",
        "mills": at(2),
        "treatmentIob": 1.667,
        "display": "1.12",
        "displayLine": "IOB: 1.12U",
    }


@pytest.mark.parametrize(
    ("status", "iob", "source"),
    [(by_old_rig(), 0.831, "OpenAPS"), (by_minimed_connect(), 0.85, "MM Connect")],
)
def test_other_words_on_insulin(everything: Site, status: dict[str, Any], iob: float, source: str) -> None:
    everything.device_status.save([status])
    found = properties(everything, "iob")["iob"]
    assert (found["iob"], found["source"], found["display"]) == (iob, source, f"{iob:.2f}")


def test_a_pump_of_its_own_has_no_source(everything: Site) -> None:
    everything.device_status.save([{"device": "p", "created_at": when(2), "pump": {"iob": {"iob": -0.004}}}])
    assert properties(everything, "iob")["iob"] == {
        "iob": -0.004, "device": "p", "mills": at(2), "display": "0.00", "displayLine": "IOB: 0.00U",
    }  # fmt: skip


def test_insulin_by_treatments(everything: Site) -> None:
    everything.treatments.save([done(60, "Meal Bolus", insulin=2), done(200, "Correction Bolus", insulin=1)])
    found = properties(everything, "iob")["iob"]
    assert found.pop("activity") == pytest.approx(0.5 + 50 * (1 - 75 / 105) * 2 / 4 / 60, abs=0.05)
    last = found.pop("lastBolus")
    assert (last["insulin"], last["mills"], last["eventType"]) == (2, at(60), "Meal Bolus")
    assert found == {"iob": pytest.approx(1.72, abs=0.03), "source": "Care Portal", "display": found["display"],
                     "displayLine": f"IOB: {found['display']}U"}  # fmt: skip


def test_of_no_insulin_there_is_text_too(everything: Site) -> None:
    everything.treatments.save([done(60, "Note")])
    found = properties(everything, "iob")["iob"]
    assert (found["iob"], found["display"], found["displayLine"]) == (0, "0", "IOB: 0U")


def test_of_insulin_nothing_may_be_known(everything: Site) -> None:
    everything.device_status.save([by_transmitter()])
    assert properties(everything, "iob,cob") == {"iob": {}, "cob": {}}


def test_a_deleted_bolus_does_not_count(everything: Site) -> None:
    everything.treatments.save([done(60, "Note"), done(30, "Meal Bolus", insulin=5, carbs=50, isValid=False)])
    answer = properties(everything, "iob,cob")
    assert (answer["iob"]["iob"], answer["cob"]["cob"]) == (0, 0)


def test_loops_word_on_carbs(everything: Site) -> None:
    everything.device_status.save([by_loop()])
    assert properties(everything, "cob")["cob"] == {
        "cob": 25.04,
        "source": "Loop",
        "device": "loop://iPhone",
        "mills": at(2),
        "display": 25,
        "displayLine": "COB: 25g",
    }


def test_the_display_of_carbs_is_a_number(everything: Site) -> None:
    """nightguard reads a number here and a text in ``iob.display``."""
    everything.device_status.save([by_loop(2, cob={"cob": 7.26, "timestamp": when(2)})])
    assert properties(everything, "cob")["cob"]["display"] == 7.3
    assert '"display":7.3,"displayLine":"COB: 7.3g"' in asked(everything, "cob").text


def test_carbs_by_treatments(everything: Site) -> None:
    everything.treatments.save([done(60, "Meal Bolus", carbs=45)])
    cob = properties(everything, "cob")["cob"]
    treatment_cob = cob.pop("treatmentCOB")
    assert cob.pop("source") == "Care Portal"
    assert (cob.pop("display"), cob.pop("displayLine")) == (25, "COB: 25g")
    assert cob == treatment_cob
    last = cob.pop("lastCarbs")
    assert (last["carbs"], last["mills"]) == (45, at(60))
    assert cob == {
        "decayedBy": when(-50),
        "isDecaying": 1,
        "carbs_hr": 30,
        "rawCarbImpact": pytest.approx(2.5),
        "cob": pytest.approx(25),
    }


def test_without_a_profile_carbs_are_unknown(site_with: SiteWith) -> None:
    site = site_with(ENABLE="cob")
    site.device_status.save([by_loop()])
    assert properties(site, "cob") == {"cob": {}}


def test_the_bolus_preview(everything: Site) -> None:
    everything.entries.save([sgv(4, 200)])
    everything.device_status.save([by_androidaps()])
    everything.treatments.save([done(30, "Carb Correction", carbs=10)])
    bwp = properties(everything, "bwp")["bwp"]
    assert bwp.pop("recentCarbs")["carbs"] == 10
    assert bwp.pop("tempBasalAdjustment") == {"thirtymin": 220, "onehour": 160}
    assert bwp == {
        "effect": pytest.approx(56),
        "outcome": pytest.approx(144),
        "bolusEstimate": pytest.approx(0.48),
        "scaledSGV": 200,
        "iob": 1.12,
        "targetHigh": 120,
        "targetLow": 100,
        "aimTarget": 120,
        "aimTargetString": "above high",
        "belowLowTarget": False,
        "bolusEstimateDisplay": "0.48",
        "outcomeDisplay": 144,
        "displayIOB": "1.12",
        "effectDisplay": 56,
        "displayLine": "BWP: 0.48U",
    }


def test_the_bolus_preview_in_mmol_from_a_profile_in_mgdl(site_with: SiteWith) -> None:
    """The original counts mmol/L with the numbers of a profile in mg/dL and would advise nonsense."""
    site = site_with(ENABLE=EVERYTHING, DISPLAY_UNITS="mmol")
    site.profiles.save([a_profile()])
    site.entries.save([sgv(4, 200)])
    site.device_status.save([by_androidaps()])
    bwp = properties(site, "bwp")["bwp"]
    assert (bwp["scaledSGV"], bwp["outcomeDisplay"], bwp["effectDisplay"]) == (11.1, 8, 3.1)
    assert bwp["bolusEstimate"] == pytest.approx(0.48, abs=0.01)


@pytest.mark.parametrize(
    ("features", "profile", "minutes", "errors"),
    [
        ("bwp iob", None, 4, ["Missing need a treatment profile"]),
        ("bwp iob", a_profile(target_low=[]), 4, ["Missing sens, target_high, or target_low treatment profile fields"]),
        ("bwp", a_profile(), 4, ["Missing IOB property"]),
        ("bwp iob", a_profile(), 16, ["Data isn't current"]),
    ],
)
def test_why_there_is_no_bolus_preview(
    site_with: SiteWith, features: str, profile: dict[str, Any] | None, minutes: float, errors: list[str]
) -> None:
    site = site_with(ENABLE=features)
    site.profiles.save([profile] if profile else [])
    site.entries.save([sgv(minutes, 200)])
    bwp = properties(site, "bwp")["bwp"]
    assert bwp == {"effect": 0, "outcome": 0, "bolusEstimate": 0, "scaledSGV": 200, "errors": errors}


def test_the_basal_rate(everything: Site) -> None:
    found = properties(everything, "basal")["basal"]
    assert found == {
        "display": "0.800U",
        "current": {"basal": 0.8, "tempbasal": 0.8, "combobolusbasal": 0, "totalbasal": 0.8},
    }


def test_a_temporary_rate_and_a_combo_bolus(everything: Site) -> None:
    everything.treatments.save(
        [
            done(10, "Temp Basal", percent=-50, duration=30),
            done(9, "Combo Bolus", relative=0.6, duration=60, insulin=1),
        ]
    )
    found = properties(everything, "basal")["basal"]
    temp, combo = found["current"].pop("treatment"), found["current"].pop("combobolustreatment")
    assert (temp["percent"], temp["mills"], temp["endmills"], combo["relative"]) == (-50, at(10), at(-20), 0.6)
    assert found == {
        "display": "TC: 1.000U",
        "current": {"basal": 0.8, "tempbasal": 0.4, "combobolusbasal": 0.6, "totalbasal": 1},
    }


def test_without_a_profile_there_is_no_basal_rate(site: Site) -> None:
    site.treatments.save([done(10, "Temp Basal", absolute=2, duration=30)])
    assert "basal" not in properties(site)
