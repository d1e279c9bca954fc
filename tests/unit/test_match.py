"""Which events a filter chooses."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.event import Event
from airflow_provider_webwork.events.match import EventFilter, FilterIndex

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**18), max_value=10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
NAMES = st.text(min_size=1, max_size=5).filter(lambda name: name.strip() and "*" not in name)
PATTERNS = NAMES | NAMES.map(lambda name: name + "*") | st.just("*")
PATHS = st.lists(st.sampled_from(["user_id", "data", "a", "b"]), min_size=1, max_size=3).map(".".join)
FILTERS = st.builds(
    lambda types, match: EventFilter.of(types=types, match=match),
    st.none() | st.lists(PATTERNS, min_size=1, max_size=4),
    st.none() | st.dictionaries(PATHS, SCALARS | st.lists(SCALARS, min_size=1, max_size=3), max_size=3),
)


def event(data=None, *, name="tracker.started", **fields):
    return Event(
        **{"id": "e", "type": name, "received_at": datetime(2026, 11, 22, tzinfo=UTC), "payload": {"data": data or {}}}
        | fields
    )


EVENTS = st.builds(
    lambda name, user, data: event(data, name=name, user_id=user),
    NAMES,
    st.none() | st.integers(min_value=0, max_value=9).map(str),
    st.dictionaries(st.sampled_from(["a", "b"]), SCALARS | st.dictionaries(st.just("a"), SCALARS), max_size=2),
)


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (["7", 0], ["7", False])], ids=str)
def test_filters_for_values_that_only_python_takes_for_equal_are_two(one, other):
    first, second = (EventFilter.of(match={"data.value": value}) for value in (one, other))

    assert first != second
    assert len({first, second, EventFilter.of(match={"data.value": one})}) == 2


def test_each_of_two_such_filters_finds_its_own_events():
    filters = [EventFilter.of(match={"data.value": value}) for value in (1, True)]
    found = [list(FilterIndex(filters).choosing(event({"value": value}))) for value in (1, True)]

    assert found == [filters[:1], filters[1:]]


def chooses(wanted, found):
    return EventFilter.of(match={"data.value": wanted}).matches(event({"value": found}))


@pytest.mark.parametrize(
    ("types", "chosen"),
    [
        (None, {"tracker.started", "tracker.stopped", "Tracker.started", "tracker"}),
        (["tracker.started"], {"tracker.started"}),
        (["tracker.*"], {"tracker.started", "tracker.stopped"}),
        (["tracker*"], {"tracker.started", "tracker.stopped", "tracker"}),
        (["*"], {"tracker.started", "tracker.stopped", "Tracker.started", "tracker"}),
        (["tracker", "Tracker.*"], {"tracker", "Tracker.started"}),
        (["racker.started", "tracker.start"], set()),
    ],
)
def test_types_are_exact_names_or_beginnings(types, chosen):
    names = {"tracker.started", "tracker.stopped", "Tracker.started", "tracker"}

    assert {name for name in names if EventFilter.of(types=types).matches(event(name=name))} == chosen


def test_an_event_with_a_problem_is_never_chosen():
    for wanted in (EventFilter(), EventFilter.of(types=["*"]), EventFilter.of(match={"user_id": 7})):
        assert wanted.matches(event(user_id="7"))
        assert not wanted.matches(event(user_id="7", problem="no JSON"))


def test_paths_lead_into_the_event_as_dags_see_it():
    seen = event({"project": {"id": 3}}, user_id="7", endpoint="payroll")

    assert EventFilter.of(match={"user_id": 7, "endpoint": "payroll", "data.project.id": 3}).matches(seen)
    assert not EventFilter.of(match={"user_id": 7, "data.project.id": 4}).matches(seen)


@given(number=st.integers(min_value=-(10**18), max_value=10**18) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_equals_its_decimal_text_in_both_directions(number):
    assert chooses(number, number)
    assert chooses(str(number), number)
    assert chooses(number, str(number))
    assert chooses(json.dumps(number), number)


@pytest.mark.parametrize(
    ("wanted", "found"), [(7, 7.0), (7.0, 7), ("7", 7.0), ("7.0", 7.0), (7.0, "7"), (0.1, "0.1"), ("x", "x")]
)
def test_a_whole_number_is_one_however_it_is_written(wanted, found):
    assert chooses(wanted, found)


@pytest.mark.parametrize(("wanted", "found"), [(7, "07"), ("7 ", 7), (7, "seven"), ("X", "x"), ("", 0), (7, [7])])
def test_texts_that_are_not_the_number_are_not_equal(wanted, found):
    assert not chooses(wanted, found)


@given(value=st.booleans(), other=SCALARS)
def test_booleans_equal_only_booleans(value, other):
    assert chooses(value, value)
    if not isinstance(other, bool):
        assert not chooses(value, other)
        assert not chooses(other, value)


@given(other=SCALARS)
def test_null_equals_only_null(other):
    assert chooses(None, other) == chooses(other, None) == (other is None)


@given(
    wanted=SCALARS, path=st.sampled_from(["data.missing", "data.list.0", "data.value.more", "missing", "data.a.b.c"])
)
def test_a_path_that_the_event_does_not_have_never_matches(wanted, path):
    assert not EventFilter.of(match={path: wanted}).matches(event({"list": [wanted], "value": "text", "a": {}}))


def test_of_a_list_any_value_will_do():
    assert [found for found in (1, 2, 3, "2", None) if chooses([2, "3", None], found)] == [2, 3, "2", None]


@given(wanted=FILTERS, seen=st.lists(EVENTS, max_size=5))
def test_a_filter_comes_back_from_json_as_it_was(wanted, seen):
    written = json.dumps(wanted.to_json(), allow_nan=False)
    again = EventFilter.from_json(json.loads(written))

    assert again == wanted
    assert [again.matches(each) for each in seen] == [wanted.matches(each) for each in seen]


@given(wanted=FILTERS, shuffled=st.randoms())
def test_the_order_in_which_a_filter_is_written_changes_nothing(wanted, shuffled):
    value = wanted.to_json()
    types, paths = list(value["types"]) * 2, list(value["match"].items())
    shuffled.shuffle(types)
    shuffled.shuffle(paths)
    match = {path: shuffled.sample(values, len(values)) for path, values in paths}

    assert EventFilter.of(types=types or None, match=match) == wanted


@given(one=FILTERS, other=FILTERS, seen=st.lists(EVENTS, min_size=1, max_size=5))
def test_filters_that_are_equal_choose_the_same_events(one, other, seen):
    if one == other:
        assert [one.matches(each) for each in seen] == [other.matches(each) for each in seen]


def test_filters_that_choose_differently_are_not_equal():
    filters = [
        EventFilter.of(types=types, match=match)
        for types in (None, ["*"], ["a"], ["a*"], ["a", "b"])
        for match in (
            None,
            {"a": 1},
            {"a": True},
            {"a": None},
            {"a": "True"},
            {"b": 1},
            {"a": [1, 2]},
            {"a": 1, "b": 1},
        )
    ]

    assert len(set(filters)) == len(filters)


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ("tracker.started", r"types must be a list.*\['tracker.started'\]"),
        ([], "types is an empty list"),
        ([""], "types: ''"),
        ([" "], "types: ' '"),
        (["a*b"], r"types: 'a\*b'"),
        (["a**"], r"types: 'a\*\*'"),
        ([7], "types: 7"),
        ([None], "types: None"),
        (7, "types: 7"),
        (b"tracker.started", "types: "),
    ],
)
def test_misuse_of_types_is_explained(types, said):
    with pytest.raises(ValueError, match=said):
        EventFilter.of(types=types)


@pytest.mark.parametrize(
    ("match", "said"),
    [
        (["user_id"], "match must be a dict.*not list"),
        ({"": 1}, "match: '' is not a dotted path"),
        ({"data..id": 1}, r"match: 'data\.\.id'"),
        ({"data.": 1}, r"match: 'data\.'"),
        ({7: 1}, "match: 7"),
        ({"a": []}, r"match\['a'\].*not empty"),
        ({"a": {"b": 1}}, r"match\['a'\]"),
        ({"a": [[1]]}, r"match\['a'\]"),
        ({"a": b"x"}, r"match\['a'\]"),
        ({"a": float("nan")}, r"match\['a'\]"),
        ({"a": [float("inf")]}, r"match\['a'\]"),
    ],
)
def test_misuse_of_match_is_explained(match, said):
    with pytest.raises(ValueError, match=said):
        EventFilter.of(match=match)


# Many filters at once.

ALIKE = st.sampled_from([None, True, False, 1, 1.0, "1", "1.0", 0, -0.0, "-0.0", "x", 10**22, 1e22, "1e+22"])


@given(
    filters=st.lists(
        FILTERS
        | st.builds(
            lambda types, match: EventFilter.of(types=types, match=match),
            st.none() | st.lists(st.sampled_from(["tracker.started", "tracker.stopped", "tracker.*"]), min_size=1),
            st.dictionaries(
                st.sampled_from(["user_id", "type", "data.a", "data.b"]), ALIKE | st.lists(ALIKE, min_size=1)
            ),
        ),
        max_size=12,
    ),
    found=EVENTS
    | st.builds(
        lambda user, data: event(data, user_id=user),
        st.none() | st.sampled_from(["0", "1", "1.0", "x"]),
        st.dictionaries(st.sampled_from(["a", "b"]), ALIKE | st.lists(ALIKE)),
    ),
)
def test_an_index_of_filters_finds_just_those_that_match(filters, found):
    chosen = list(FilterIndex(dict.fromkeys(filters)).choosing(found))

    assert len(chosen) == len(set(chosen))
    assert set(chosen) == {each for each in filters if each.matches(found)}


def test_an_index_asks_only_the_filters_that_can_match():
    asked = []

    class Asked(EventFilter):
        def matches(self, event):
            asked.append(self)
            return super().matches(event)

    filters = [Asked.of(types=["tracker.*"], match={"user_id": n, "data.kind": "x"}) for n in range(1_000)]
    index = FilterIndex(filters)

    assert list(index.choosing(event({"kind": "x"}, user_id="7"))) == [filters[7]]
    assert asked == [filters[7]]
