"""Query strings and forms with nested names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.compat.brackets import IN_BODY, Limits, decode


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("", {}),
        ("count=10", {"count": "10"}),
        ("count=", {"count": ""}),
        ("count", {"count": ""}),
        ("?count=1", {"count": "1"}),
        ("token=&count=2&", {"token": "", "count": "2"}),
        ("=1&a=2", {"a": "2"}),
        ("find[sgv][$gte]=120", {"find": {"sgv": {"$gte": "120"}}}),
        ("find%5Bsgv%5D%5B%24gte%5D=120", {"find": {"sgv": {"$gte": "120"}}}),
        ("find%5bsgv%5d[$gte]=120", {"find": {"sgv": {"$gte": "120"}}}),
        ("find[type][$in][]=sgv&find[type][$in][]=mbg", {"find": {"type": {"$in": ["sgv", "mbg"]}}}),
        ("find[type][$in][1]=b&find[type][$in][0]=a", {"find": {"type": {"$in": ["a", "b"]}}}),
        ("a[0]=x&a[21]=y", {"a": {"0": "x", "21": "y"}}),
        ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("find[x][$ne]=a&find[x][$ne]=b", {"find": {"x": {"$ne": ["a", "b"]}}}),
        ("$or[0][a]=1&$or[1][b]=2", {"$or": [{"a": "1"}, {"b": "2"}]}),
        (
            "find[$and][0][by][$ne]=T&find[$and][1][by][$ne]=i",
            {"find": {"$and": [{"by": {"$ne": "T"}}, {"by": {"$ne": "i"}}]}},
        ),
        ("find[eventType]=Temporary+Target", {"find": {"eventType": "Temporary Target"}}),
        ("find[at][$gte]=2026-01-14T00:11+00:00", {"find": {"at": {"$gte": "2026-01-14T00:11 00:00"}}}),
        ("find[at][$gte]=2026-01-14T00:11%2B00:00", {"find": {"at": {"$gte": "2026-01-14T00:11+00:00"}}}),
        ("find[by]=/openaps:\\/\\//&count=1", {"find": {"by": "/openaps:\\/\\//"}, "count": "1"}),
        ("a=b=c", {"a": "b=c"}),
        ("a[b]=c]=d", {"a": {"b": "c]=d"}}),
        (
            "find[loop.failureReason][$not][$exists]=true",
            {"find": {"loop.failureReason": {"$not": {"$exists": "true"}}}},
        ),
        ("q=%E2%82%AC%20", {"q": "€ "}),
        ("q=%ZZ%E2", {"q": "%ZZ%E2"}),
        ("a[b][c][d][e][f][g]=1", {"a": {"b": {"c": {"d": {"e": {"f": {"[g]": "1"}}}}}}}),
    ],
)
def test_names_nest(text: str, decoded: dict[str, object]) -> None:
    assert decode(text) == decoded


@pytest.mark.parametrize("name", ["²", "٣", "9" * 5000, "00"])
def test_what_only_looks_like_an_index_is_a_name(name: str) -> None:
    assert decode(f"a[{name}]=1&a[]=2") == {"a": {name: "1", "0": "2"}}


def test_no_more_parameters_are_read_than_allowed() -> None:
    text = "&".join(f"a{n}={n}" for n in range(1500))
    assert len(decode(text)) == 1000
    assert len(decode(text, IN_BODY)) == 1500
    assert len(decode(text, Limits(parameters=3))) == 3


@given(st.text(alphabet="ab[]$=&%5BD0129²٣+.?", max_size=60))
def test_nothing_makes_decoding_fail(text: str) -> None:
    decode(text)


@given(st.dictionaries(st.text("abc$_", min_size=1, max_size=4), st.text("xyz 1", max_size=4), max_size=5))
def test_one_level_comes_back_as_it_was(find: dict[str, str]) -> None:
    text = "&".join(f"find[{name}]={value.replace(' ', '+')}" for name, value in find.items())
    assert decode(text) == ({"find": find} if find else {})
