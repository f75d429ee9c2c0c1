"""Which terms a search asks for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.terms import query_terms
from agent_brain_server.storage.lexical import (
    LEAST_FOUND,
    MANY_MATCHES,
    Choice,
    choose_terms,
    plain_terms,
    selective_terms,
)


def test_terms_lose_case_punctuation_and_repeats() -> None:
    assert plain_terms(["Retry", "retry", 'a"b', "NEAR(", "", "größe", "*"]) == ["retry", "a", "b", "near", "größe"]


@given(st.text())
def test_terms_of_the_tokenizer_stay_as_they_are(text: str) -> None:
    terms = query_terms(text)
    assert plain_terms(terms) == list(dict.fromkeys(terms))


@given(st.lists(st.text()))
def test_plain_terms_are_plain_already(terms: list[str]) -> None:
    plain = plain_terms(terms)
    assert plain_terms(plain) == plain
    assert not set('"*:^(){}+- ') & set("".join(plain))


def test_few_matches_are_all_asked_for() -> None:
    assert selective_terms({"self": 9_000, "retry": 10}, 10_000) == ["self", "retry"]


def test_the_most_frequent_terms_go_first() -> None:
    counts = {"self": 150_000, "retry": 900, "return": 120_000, "pool": 9_000}
    assert selective_terms(counts, 200_000) == ["retry", "pool"]


def test_no_more_terms_go_than_needed() -> None:
    assert selective_terms({"self": 150_000, "value": 11_000, "retry": 900}, 200_000) == ["value", "retry"]


def test_terms_below_the_share_stay_however_many() -> None:
    counts = {f"t{number}": 9_000 for number in range(10)} | {"rare": 1}
    assert selective_terms(counts, 200_000) == list(counts)


def test_equally_common_terms_all_stay() -> None:
    assert selective_terms({"def": 150_000, "self": 150_000}, 200_000) == ["def", "self"]


def test_terms_that_occur_nowhere_are_no_company() -> None:
    assert selective_terms({"self": 150_000, "unheard": 0}, 200_000) == ["self"]
    assert selective_terms({"unheard": 0}, 200_000) == []


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 300_000)))
def test_something_is_asked_for_and_what_goes_is_commoner_than_what_stays(counts: dict[str, int]) -> None:
    kept = selective_terms(counts, 300_000)
    present = {term for term, count in counts.items() if count}
    assert bool(kept) == bool(present)
    gone = present - set(kept)
    assert all(counts[lost] >= counts[term] for lost in gone for term in kept)
    assert not gone or sum(counts[term] for term in present) > MANY_MATCHES


def test_common_terms_count_and_rare_ones_find() -> None:
    counts = {"self": 9_000, "retry": 190, "pool": 30, "unheard": 0}
    assert choose_terms(counts, 10_000, 10) == Choice(("pool", "retry"), ("self",))


def test_common_terms_find_where_rare_ones_find_too_little() -> None:
    counts = {"self": 9_000, "retry": 190}
    assert choose_terms(counts, 10_000, 10) == Choice(("retry", "self"))
    assert choose_terms(counts | {"pool": 30}, 10_000, 200) == Choice(("pool", "retry", "self"))
    assert choose_terms({"self": 9_000}, 10_000, 10) == Choice(("self",))
    assert choose_terms({"unheard": 0}, 10_000, 10) == Choice(())


def test_no_term_of_few_chunks_is_common() -> None:
    counts = {f"t{number}": 200 for number in range(10)}
    assert choose_terms(counts, 10_000, 10).counting == ()


@given(st.dictionaries(st.text(min_size=1), st.integers(0, 20_000)), st.integers(1, 500))
def test_what_only_counts_is_commoner_than_what_finds_enough(counts: dict[str, int], limit: int) -> None:
    choice = choose_terms(counts, 20_000, limit)
    present = {term for term, count in counts.items() if count}
    assert {*choice.finding, *choice.counting} == present
    assert bool(choice.finding) == bool(present)
    assert all(counts[common] >= counts[rare] for common in choice.counting for rare in choice.finding)
    found = sum(counts[term] for term in choice.finding)
    assert not choice.counting or found >= max(LEAST_FOUND, 2 * limit)
