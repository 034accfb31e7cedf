"""Where CareLink's parts are: it says so itself, by country and version of its app, and moves them now and then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.uploaders.carelink.client import CareLinkClient
from app.uploaders.errors import ActionRequired, SchemaChanged


@dataclass(frozen=True, slots=True)
class Addresses:
    """The bases of the account's side and of the data's side ("" when unknown), and where the sign-in is described."""

    care_link: str
    cumulus: str
    sso: str


@dataclass(frozen=True, slots=True)
class DoorPlate:
    """What the description of the sign-in says: where the browser goes, where tokens are, who we are to say we are."""

    authorize_url: str
    token_url: str
    client_id: str
    scope: str
    audience: str
    redirect_uri: str


def addresses_for(client: CareLinkClient, constants: Mapping[str, Any], country: str, server: str = "") -> Addresses:
    """Ask CareLink where the accounts of a country (two letters) live; ``server`` is asked in its place.

    Raises ``ActionRequired`` for a country without CareLink, ``SchemaChanged``, ``Transient``.
    """
    code = country.upper()
    for host in [server] if server else _hosts(constants, code):
        found = client.document(host.rstrip("/") + constants["discovery_path"])
        region = _region_of(found.get("supportedCountries"), code)
        for name, place in _places_in(found.get("CP")):
            if region and name.upper() == region:
                return _addresses_in(place)
    raise ActionRequired(
        "CareLink does not know the country",
        kind="country",
        hint="Enter the two letters of the country in which the CareLink account was made, for instance DE or US.",
    )


def door_plate_at(client: CareLinkClient, url: str) -> DoorPlate:
    """Read how the sign-in goes. Raises ``SchemaChanged`` when it is not the one we know, ``Transient``."""
    found = client.document(url)
    try:
        server, ours, ends = found["server"], found["client"], found["system_endpoints"]
        host = str(server["hostname"])
        port, prefix = str(server.get("port") or ""), str(server.get("prefix") or "").strip("/")
        place = host if port in ("", "443") else f"{host}:{port}"
        base = f"{urlsplit(url).scheme}://{place}/{prefix + '/' if prefix else ''}"
        plate = DoorPlate(
            authorize_url=base + str(ends["authorization_endpoint_path"]).lstrip("/"),
            token_url=base + str(ends["token_endpoint_path"]).lstrip("/"),
            client_id=str(ours["client_id"]),
            scope=str(ours["scope"]),
            audience=str(ours.get("audience") or ""),
            redirect_uri=str(ours["redirect_uri"]),
        )
    except (TypeError, KeyError, AttributeError):
        raise SchemaChanged("CareLink describes its sign-in in a way we do not know") from None
    if not host or any(mark in host for mark in "/@?#\\ "):
        raise SchemaChanged("CareLink sends the sign-in to an impossible address")
    return plate


def _hosts(constants: Mapping[str, Any], country: str) -> list[str]:
    """Return both hosts, that of the country first: each lists the countries of its own."""
    regions = ["us", "eu"] if country in constants["us_countries"] else ["eu", "us"]
    return [str(constants["discovery"][region]) for region in regions]


def _region_of(countries: Any, code: str) -> str:
    """Return the region of a country, from a list of one-country objects or from one object with all of them."""
    for listed in _mappings(countries if isinstance(countries, list) else [countries]):
        for name, told in listed.items():
            if str(name).upper() == code:
                return str(told.get("region", "") if isinstance(told, Mapping) else told).upper()
    return ""


def _places_in(told: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Return what is told of each region, from a list of objects that name theirs or from one object by region."""
    if isinstance(told, Mapping):
        return [(str(name), place) for name, place in told.items() if isinstance(place, Mapping)]
    return [(str(place.get("region") or ""), place) for place in _mappings(told)]


def _addresses_in(place: Mapping[str, Any]) -> Addresses:
    named = place.get(str(place.get("UseSSOConfiguration") or "SSOConfiguration"))
    found = (place.get("baseUrlCareLink"), place.get("baseUrlCumulus"), named or place.get("SSOConfiguration"))
    care_link, cumulus, sso = (one.rstrip("/") if isinstance(one, str) else "" for one in found)
    if not care_link or not sso:
        raise SchemaChanged("CareLink does not say where the account lives")
    return Addresses(care_link, cumulus, sso)


def _mappings(found: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
