"""One behaviour for every page shape: each record once, in order, with as few requests as the shape allows."""

from __future__ import annotations

import gc
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.api.paging import iterate_pages
from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkResponseError, WebWorkServerError


def iterate_rows(fetch, **options):
    return itertools.chain.from_iterable(iterate_pages(fetch, **options))


def chunk(rows, size, number):
    return rows[(number - 1) * size : number * size]


def pages(rows, size):
    return max(1, -(-len(rows) // size))


def max_rows(rows, size, number):
    return {
        "max_rows": 50,  # as in WebWork's example: neither the page size nor the total
        "current_page": number,
        "total_pages": pages(rows, size),
        "data": chunk(rows, size, number),
    }


def paging_numbers(rows, size, number):
    return {
        "total": len(rows),
        "per_page": size,
        "current_page": number,
        "last_page": pages(rows, size),
    }


def meta_pagination(rows, size, number):
    meta = {"api_version": "2.0.0", "pagination": paging_numbers(rows, size, number)}
    return {"success": True, "data": chunk(rows, size, number), "meta": meta}


def top_level_pagination(rows, size, number):
    return {
        "success": True,
        "data": chunk(rows, size, number),
        "meta": {"api_version": "2.0.0"},
        "pagination": paging_numbers(rows, size, number),
    }


def without_last_page(rows, size, number):
    answer = meta_pagination(rows, size, number)
    del answer["meta"]["pagination"]["last_page"]
    return answer


def numbers_as_text(rows, size, number):
    answer = top_level_pagination(rows, size, number)
    answer["pagination"] = {name: str(value) for name, value in answer["pagination"].items()}
    return answer


def data_alone(rows, size, number):
    return {"success": True, "data": chunk(rows, size, number), "meta": {"api_version": "2.0.0"}}


def bare_list(rows, size, number):
    return rows


def always(answer):
    """Answer every page alike."""

    def fetch(number):
        return answer

    return fetch


def one_page(count, size):
    return 1


def full_pages(count, size):
    return max(1, -(-count // size))


def short_page_needed(count, size):
    return count // size + 1


SHAPES = {
    "max_rows": (max_rows, full_pages),
    "meta_pagination": (meta_pagination, full_pages),
    "top_level_pagination": (top_level_pagination, full_pages),
    "without_last_page": (without_last_page, full_pages),
    "numbers_as_text": (numbers_as_text, full_pages),
    "data_alone": (data_alone, short_page_needed),
    "bare_list": (bare_list, one_page),
}


class Listing:
    """A listing at WebWork that counts how often it is asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def __call__(self, number):
        self.asked.append(number)
        return self.answer(number)


@pytest.mark.parametrize("shape", SHAPES)
@given(count=st.integers(0, 130), size=st.integers(1, 60))
def test_every_shape_yields_each_record_once_in_order_with_the_fewest_requests(shape, count, size):
    answer, fewest = SHAPES[shape]
    rows = [{"id": number} for number in range(count)]
    listing = Listing(lambda number: answer(rows, size, number))

    assert list(iterate_rows(listing, listing="rows", page_size=size)) == rows
    assert listing.asked == list(range(1, fewest(count, size) + 1))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "bare_list"])
@given(count=st.integers(1, 60), size=st.integers(1, 20), wanted=st.integers(1, 60))
def test_no_page_is_asked_for_before_its_first_record_is_wanted(shape, count, size, wanted):
    answer, _ = SHAPES[shape]
    rows = [{"id": number} for number in range(count)]
    listing = Listing(lambda number: answer(rows, size, number))

    taken = list(itertools.islice(iterate_rows(listing, listing="rows", page_size=size), min(wanted, count)))

    assert len(taken) == min(wanted, count)
    assert len(listing.asked) == -(-len(taken) // size)


def test_nothing_is_asked_for_until_the_first_record_is_wanted():
    listing = Listing(lambda number: max_rows([{"id": 1}], 50, number))
    iterate_rows(listing, listing="rows")
    assert listing.asked == []


def test_a_page_is_let_go_before_the_next_one_is_asked_for():
    watched = []

    def fetch(number):
        gc.collect()
        assert [each for each in gc.get_referrers(watched) if type(each) is dict and "watched" in each] == []
        return {
            "data": [{"id": number * 10 + each, "watched": watched} for each in range(3)],
            "current_page": number,
            "total_pages": 4,
        }

    seen = 0
    rows = iterate_rows(fetch, listing="rows")
    while True:
        row = next(rows, None)
        if row is None:
            break
        seen += 1
        del row
    assert seen == 12


def test_records_without_paging_are_the_whole_listing_where_no_paging_is_documented():
    rows = [{"id": number} for number in range(20)]
    listing = Listing(lambda number: data_alone(rows, 20, number))
    assert list(iterate_rows(listing, listing="rows", page_size=None)) == rows
    assert listing.asked == [1]


def test_paging_that_comes_back_is_followed_where_none_is_documented():
    rows = [{"id": number} for number in range(45)]
    listing = Listing(lambda number: meta_pagination(rows, 20, number))
    assert list(iterate_rows(listing, listing="rows", page_size=None)) == rows


def test_a_listing_that_ignores_the_page_number_is_read_once():
    rows = [{"id": number} for number in range(20)]
    assert list(iterate_rows(always({"data": rows}), listing="rows", page_size=20)) == rows


def test_a_total_that_promises_more_than_there_is_ends_with_the_first_empty_page():
    rows = [{"id": number} for number in range(30)]
    listing = Listing(lambda number: max_rows(rows, 20, number) | {"total_pages": 1000})
    assert list(iterate_rows(listing, listing="rows")) == rows
    assert listing.asked == [1, 2, 3]


def test_paging_without_usable_numbers_ends_with_an_empty_page():
    rows = [{"id": number} for number in range(30)]

    def answer(number):
        return meta_pagination(rows, 20, number) | {"meta": {"pagination": {"last_page": None, "total": "many"}}}

    assert list(iterate_rows(answer, listing="rows")) == rows


def test_an_empty_listing_may_call_its_page_zero():
    empty = {"max_rows": 0, "current_page": 0, "total_pages": 0, "data": []}
    assert list(iterate_rows(always(empty), listing="rows")) == []


def test_an_empty_listing_may_be_null():
    assert list(iterate_rows(always({"success": True, "data": None}), listing="rows")) == []


def test_a_page_that_comes_again_is_an_error_and_its_records_are_not_repeated():
    def answer(number):
        return max_rows([{"id": each} for each in range(100)], 20, min(number, 2)) | {"current_page": number}

    rows = iterate_rows(answer, listing="getWebhooks")
    assert len(list(itertools.islice(rows, 40))) == 40
    with pytest.raises(WebWorkResponseError, match="getWebhooks: page 4 repeats"):
        next(rows)


def test_records_without_an_id_that_come_again_are_an_error_at_once():
    def answer(number):
        return {"data": [{"minutes": 0}], "current_page": number, "total_pages": 5}

    rows = iterate_rows(answer, listing="rows")
    assert next(rows) == {"minutes": 0}
    with pytest.raises(WebWorkResponseError, match="page 2 repeats"):
        next(rows)


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data(), count=st.integers(0, 60), size=st.integers(2, 20))
def test_each_record_comes_once_while_new_ones_push_it_to_the_next_page(shape, data, count, size):
    answer, _ = SHAPES[shape]
    rows = [{"id": number} for number in range(1, count + 1)]
    growth = itertools.count(-1, -1)

    def fetch(number):
        page = answer(list(rows), size, number)
        if len(rows) < count + 100:
            for _ in range(data.draw(st.integers(0, size - 1))):
                rows.insert(data.draw(st.integers(0, len(rows))), {"id": next(growth)})
        return page

    seen = [row["id"] for row in iterate_rows(fetch, listing="rows", page_size=size)]
    assert len(seen) == len(set(seen))
    assert [each for each in seen if each > 0] == list(range(1, count + 1))


@pytest.mark.parametrize("shape", SHAPES)
@given(data=st.data(), count=st.integers(0, 60), size=st.integers(2, 20))
def test_records_that_are_removed_meanwhile_end_no_reading_and_none_comes_twice(shape, data, count, size):
    answer, _ = SHAPES[shape]
    rows = [{"id": number} for number in range(1, count + 1)]
    asked = []

    def fetch(number):
        asked.append(number)
        page = answer(list(rows), size, number)
        for _ in range(data.draw(st.integers(0, min(size, len(rows))))):
            rows.pop(data.draw(st.integers(0, len(rows) - 1)))
        return page

    seen = [row["id"] for row in iterate_rows(fetch, listing="rows", page_size=size)]
    assert seen == sorted(set(seen))
    assert len(asked) <= count // size + 2


def test_a_whole_page_of_new_records_is_no_loop():
    rows = [{"id": number} for number in range(1, 6)]

    def fetch(number):
        page = meta_pagination(list(rows), 2, number)
        if number == 1:
            rows[:0] = [{"id": -1}, {"id": -2}]
        return page

    assert [row["id"] for row in iterate_rows(fetch, listing="rows")] == [1, 2, 3, 4, 5]


def test_a_record_that_changed_while_it_moved_comes_in_both_states():
    pages = {1: [{"id": 1, "status": "open"}, {"id": 2}], 2: [{"id": 1, "status": "done"}, {"id": 2}]}

    def fetch(number):
        return {"data": pages[number], "current_page": number, "total_pages": 2}

    seen = list(iterate_rows(fetch, listing="rows"))
    assert seen == [{"id": 1, "status": "open"}, {"id": 2}, {"id": 1, "status": "done"}]


def test_a_page_past_the_end_may_not_be_there():
    rows = [{"id": number} for number in range(40)]

    def fetch(number):
        if number > 2:
            raise WebWorkNotFoundError("There is no such page.", status=404)
        return data_alone(rows, 20, number)

    assert list(iterate_rows(fetch, listing="rows", page_size=20)) == rows


@pytest.mark.parametrize("in_json", [True, False])
@pytest.mark.parametrize("shape", ["max_rows", "meta_pagination", "top_level_pagination", "without_last_page"])
def test_a_page_that_was_announced_and_is_not_there_cuts_no_listing_short(shape, in_json):
    answer, _ = SHAPES[shape]
    rows = [{"id": number} for number in range(60)]

    def fetch(number):
        if number > 2:
            raise WebWorkNotFoundError("There is no such page.", status=404, in_json=in_json)
        return answer(rows, 20, number)

    read = iterate_rows(fetch, listing="getMembers", page_size=20)
    assert list(itertools.islice(read, 40)) == rows[:40]
    with pytest.raises(WebWorkServerError, match="getMembers: there is no page 3, although 3 were announced") as cut:
        next(read)
    assert not cut.value.permanent


def test_a_page_that_was_announced_once_is_expected_though_later_pages_announce_none():
    rows = [{"id": number} for number in range(60)]

    def fetch(number):
        if number > 2:
            raise WebWorkNotFoundError("There is no such page.", status=404)
        return (meta_pagination if number == 1 else data_alone)(rows, 20, number)

    with pytest.raises(WebWorkServerError, match="there is no page 3, although 3 were announced"):
        list(iterate_rows(fetch, listing="rows", page_size=20))


def test_a_listing_that_is_not_there_is_an_error():
    def fetch(number):
        raise WebWorkNotFoundError("There is no such project.", status=404)

    with pytest.raises(WebWorkNotFoundError):
        list(iterate_rows(fetch, listing="rows"))


def test_a_page_past_the_end_may_be_the_last_one_again():
    rows = [{"id": number} for number in range(40)]
    listing = Listing(lambda number: data_alone(rows, 20, min(number, 2)))
    assert list(iterate_rows(listing, listing="rows", page_size=20)) == rows
    assert listing.asked == [1, 2, 3]


def test_a_lone_record_is_a_listing_of_one_only_where_that_is_documented():
    report = {"report_type": "tracked_hours"}
    assert list(iterate_rows(always({"data": report}), listing="rows", lone_record=True)) == [report]
    assert list(iterate_rows(always(report), listing="rows", records_at="$", lone_record=True)) == [report]
    with pytest.raises(WebWorkResponseError, match="no list of records but an object"):
        list(iterate_rows(always({"data": report}), listing="rows"))


def test_what_may_be_left_unread_is_said(caplog):
    report = always({"success": True, "data": {"users": []}, "meta": {}})
    assert len(list(iterate_rows(report, listing="getActivityLevelReport", lone_record=True, page_size=30))) == 1
    assert "getActivityLevelReport: one object came without paging information, so only its first page" in caplog.text


def test_a_report_of_one_object_a_page_is_followed_by_its_paging():
    def fetch(number):
        return {"data": {"users": [number]}, "pagination": {"current_page": number, "last_page": 3}}

    assert list(iterate_rows(fetch, listing="rows", lone_record=True)) == [{"users": [each]} for each in (1, 2, 3)]


def test_a_page_with_another_number_than_asked_for_is_an_error():
    def answer(number):
        return meta_pagination([{"id": each} for each in range(100)], 20, number + (number > 1))

    with pytest.raises(WebWorkResponseError, match="asked for page 2, got page 3"):
        list(iterate_rows(answer, listing="getMembers"))


def test_a_listing_without_end_is_an_error():
    def answer(number):
        return {"data": [{"id": number}], "current_page": number, "total_pages": number + 1}

    with pytest.raises(WebWorkResponseError, match="getMembers has no end: stopped after 7 pages"):
        list(iterate_rows(answer, listing="getMembers", most_pages=7))


@pytest.mark.parametrize("link", ["http://elsewhere.example/members?page=2", "/members?page=9"])
def test_links_in_an_answer_are_never_followed(link):
    rows = [{"id": number} for number in range(45)]
    listing = Listing(lambda number: meta_pagination(rows, 20, number) | {"next": link, "links": {"next": link}})
    assert list(iterate_rows(listing, listing="rows")) == rows
    assert listing.asked == [1, 2, 3]


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"success": True}, "without the records under 'data'"),
        ({"data": {"id": 1}}, "no list of records but an object"),
        ({"data": "none"}, "no list of records but a str"),
        ({"data": [{"id": 1}, 2]}, "something else than records"),
        (["a"], "something else than records"),
        (None, "no list of records"),
    ],
)
def test_an_answer_that_is_no_page_is_an_error(answer, says):
    with pytest.raises(WebWorkResponseError, match=says):
        list(iterate_rows(always(answer), listing="rows"))
