"""Speaks Medtrum's two protocols: EasyView's, and EasyFollow's, which is older and for caregivers only."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from app.clock import datetime_of
from app.uploaders.errors import Patient, SchemaChanged
from app.uploaders.medtrum.errors import NotThere, judged
from app.uploaders.transport import Answer, Line
from app.uploaders.vendor import Session

PATIENT, CAREGIVER = "P", "M"
"""Whose account it is, in Medtrum's letters."""

_EVERYBODY = 9999


@dataclass(frozen=True, slots=True)
class Shown:
    """What Medtrum shows of one person: rows as they came, the unit's name, what the sensor says now.

    ``tells_states`` is true where each row has the letter of the sensor's state.
    """

    rows: list[Any]
    unit: str
    current: Mapping[str, Any]
    tells_states: bool


class MedtrumClient(Protocol):
    """One of the two protocols. ``kept`` is what the next run wants to know; it may change with each answer."""

    kept: Session

    def sign_in(self, user: str, password: str) -> str:
        """Sign in and return the account's own id. Raises ``AuthInvalid``, ``NotThere``, ``Transient``."""
        ...

    def people(self) -> list[tuple[Patient, Mapping[str, Any]]]:
        """Return who shares with a caregiver, each with what is told of him. Raises ``SessionExpired``."""
        ...

    def shown(self, person_id: str, from_ms: int, to_ms: int) -> Shown:
        """Return what there is of one person in at most 24 hours. Raises ``SessionExpired``, ``Transient``."""
        ...


class _Speaking:
    def __init__(self, line: Line, constants: Mapping[str, Any], host: str, kept: Session) -> None:
        self._line = line
        self._constants = constants
        self._host = host.rstrip("/")
        self.kept = dict(kept)

    def _data_in(self, answer: Answer, *, signing_in: bool = False) -> Mapping[str, Any]:
        told = judged(answer, self._line.clock.now_ms(), signing_in=signing_in)
        before = {} if signing_in else self.kept.get("cookies", {})
        self.kept["cookies"] = {**before, **answer.cookies}
        return told

    def _get(self, path: str, params: Mapping[str, str | int], app_tag: str) -> Mapping[str, Any]:
        def ask(longest_s: float) -> Mapping[str, Any]:
            cookies = "; ".join(f"{name}={value}" for name, value in self.kept.get("cookies", {}).items())
            headers = {"AppTag": app_tag} | ({"cookie": cookies} if cookies else {})
            url = self._host + path
            return self._data_in(self._line.ask("GET", url, headers=headers, params=params, longest_s=longest_s))

        told: Mapping[str, Any] = self._line.read(ask)
        return told


class EasyView(_Speaking):
    """EasyView, for patients and caregivers."""

    def __init__(self, line: Line, constants: Mapping[str, Any], host: str, kept: Session, account: str) -> None:
        super().__init__(line, constants, host, kept)
        self._account = account

    def sign_in(self, user: str, password: str) -> str:
        """Sign in; as ``MedtrumClient``."""
        url = self._host + self._constants["login_path"]
        body = {"user_name": user, "user_type": self._account, "password": password}
        answer = self._line.ask("POST", url, headers={"AppTag": self._constants["app_tag"]}, body=body)
        told = self._data_in(answer, signing_in=True)
        inner = told.get("data")
        uid = told.get("uid") or (inner.get("uid") if isinstance(inner, Mapping) else None)
        if uid is None:
            raise SchemaChanged("Medtrum's answer to the sign-in holds no account")
        return str(uid)

    def people(self) -> list[tuple[Patient, Mapping[str, Any]]]:
        """Return who shares; as ``MedtrumClient``."""
        told = self._get(self._constants["connections_path"], {"per_page": _EVERYBODY}, self._constants["app_tag"])
        return [(Patient(str(one["uid"]), _name_of(one)), one) for one in _list_in(told) if one.get("uid")]

    def shown(self, person_id: str, from_ms: int, to_ms: int) -> Shown:
        """Return the chart and the sensor's status; as ``MedtrumClient``."""
        span = json.dumps({"ts": [from_ms // 1000, to_ms // 1000], "tz": 0}, separators=(",", ":"))
        params = {"param": base64.b64encode(span.encode()).decode()}
        told = self._status(quote(person_id, safe=""), params).get("data")
        if not isinstance(told, Mapping):
            raise SchemaChanged("Medtrum's answer holds no data")
        chart = told.get("chart")
        chart = chart if isinstance(chart, Mapping) else {}
        rows, current = chart.get("sg"), told.get("sensor_status")
        return Shown(
            rows if isinstance(rows, list) else [],
            str(chart.get("glucose_unit") or ""),
            current if isinstance(current, Mapping) else {},
            tells_states=True,
        )

    def _status(self, person_id: str, params: Mapping[str, str | int]) -> Mapping[str, Any]:
        """Ask where the status was found before, else wherever it has been seen by others."""
        known = self.kept.get("status_path")
        paths = sorted(self._constants["status_paths"], key=lambda path: path != known)
        for path in paths:
            try:
                told = self._get(path.replace("{uid}", person_id), params, self._constants["app_tag"])
            except NotThere as not_there:
                failure = not_there.at_the_last_door
                continue
            self.kept["status_path"] = path
            return told
        raise failure


class EasyFollow(_Speaking):
    """EasyFollow, for caregivers; its glucose is in mmol/L."""

    def sign_in(self, user: str, password: str) -> str:
        """Sign in; as ``MedtrumClient``."""
        form = {**self._constants["follow_form"], "user_type": CAREGIVER, "user_name": user, "password": password}
        url = self._host + self._constants["follow_path"] + "/login"
        answer = self._line.ask("POST", url, headers={"AppTag": self._constants["follow_app_tag"]}, form=form)
        return str(self._data_in(answer, signing_in=True).get("uid") or "")

    def people(self) -> list[tuple[Patient, Mapping[str, Any]]]:
        """Return who shares; as ``MedtrumClient``."""
        told = self._ask("monitor", {"flag": "monitor_list"})
        named = [(one.get("user_name") or one.get("username"), one) for one in _list_in(told)]
        return [(Patient(str(user), _name_of(one)), one) for user, one in named if user]

    def shown(self, person_id: str, from_ms: int, to_ms: int) -> Shown:
        """Return the rows of glucose; as ``MedtrumClient``. What the sensor says now is in the list of people."""
        form = self._constants["follow_time"]
        params = {
            "flag": "sg",
            "st": datetime_of(from_ms).strftime(form),
            "et": datetime_of(to_ms).strftime(form),
            "user_name": person_id,
        }
        rows = self._ask("download", params).get("data")
        return Shown(rows if isinstance(rows, list) else [], "mmol/L", {}, tells_states=False)

    def _ask(self, name: str, params: Mapping[str, str | int]) -> Mapping[str, Any]:
        return self._get(f"{self._constants['follow_path']}/{name}", params, self._constants["follow_app_tag"])


def _list_in(told: Any, depth: int = 3) -> list[Mapping[str, Any]]:
    """Return the first list of objects in an answer: under what name it comes is not known for sure."""
    if isinstance(told, list):
        return [one for one in told if isinstance(one, Mapping)]
    if isinstance(told, Mapping) and depth:
        for inner in told.values():
            if isinstance(inner, Mapping | list) and (found := _list_in(inner, depth - 1)):
                return found
    return []


def _name_of(person: Mapping[str, Any]) -> str:
    names = ("nickname", "realname", "real_name", "name", "username", "user_name")
    return next((str(person[name]) for name in names if person.get(name)), "unnamed")
