"""The rules by the features they belong to, in the order in which Nightscout's plugins check."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.alarms.notice import Notice, Snooze
from app.alarms.rules.ages import bage, cage, iage, sage
from app.alarms.rules.bolus_wizard import bwp
from app.alarms.rules.devices import pump, upbat, xdripjs
from app.alarms.rules.error_codes import errorcodes
from app.alarms.rules.finding import Finding
from app.alarms.rules.glucose import ar2, simplealarms
from app.alarms.rules.loops import loop, openaps
from app.alarms.rules.lost_contact import timeago
from app.alarms.rules.store_size import dbsize
from app.alarms.rules.treatments import treatmentnotify
from app.alarms.situation import Situation
from app.logs import told

log = logging.getLogger(__name__)

Rule = Callable[[Situation], Finding]

RULES: dict[str, Rule] = {
    "upbat": upbat,
    "ar2": ar2,
    "simplealarms": simplealarms,
    "errorcodes": errorcodes,
    "pump": pump,
    "openaps": openaps,
    "xdripjs": xdripjs,
    "loop": loop,
    "bwp": bwp,
    "cage": cage,
    "sage": sage,
    "iage": iage,
    "bage": bage,
    "treatmentnotify": treatmentnotify,
    "timeago": timeago,
    "dbsize": dbsize,
}
ALWAYS = frozenset({"treatmentnotify"})
"""Rules that are asked whether or not their feature is on: they know themselves what is told all the same."""

GLUCOSE = ("ar2", "simplealarms")
"""The rules whose alarms are over only when a reading shows it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all rules want. ``blind`` are the plugins that cannot judge now, ``asked`` those whose feature is on."""

    notices: tuple[Notice, ...]
    snoozes: tuple[Snooze, ...]
    blind: frozenset[str]
    asked: frozenset[str]

    def alarms_of(self, group: str) -> list[Notice]:
        """Return the alarms of a group, in the order of the rules."""
        return [notice for notice in self.notices if notice.is_alarm and notice.group == group]

    @property
    def said_once(self) -> Sequence[Notice]:
        """Return what is said whatever else is the case."""
        return [notice for notice in self.notices if not notice.is_alarm]


def judge(situation: Situation, rules: dict[str, Rule] | None = None) -> Judgement:
    """Ask every rule whose feature is on, or that is always asked.

    One that fails is blind: it takes no other with it, and ends no alarm.
    """
    found: dict[str, Finding] = {}
    for plugin, rule in (RULES if rules is None else rules).items():
        if plugin in ALWAYS or situation.features.on(plugin):
            found[plugin] = _asked(plugin, rule, situation)
    return Judgement(
        notices=tuple(notice for finding in found.values() for notice in finding.notices),
        snoozes=tuple(snooze for finding in found.values() for snooze in finding.snoozes),
        blind=frozenset(plugin for plugin, finding in found.items() if finding.blind),
        asked=frozenset(found),
    )


def _asked(plugin: str, rule: Rule, situation: Situation) -> Finding:
    try:
        return rule(situation)
    except Exception as problem:
        # Neither text nor trace: both could hold what was measured.
        log.error("an alarm rule failed", extra=told(rule=plugin, problem=type(problem).__name__))
        return Finding(blind=True)
