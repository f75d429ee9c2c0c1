"""The forms of a word have one stem, other words have others."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_brain_server.domain.stemming import stem

WORDS = st.from_regex(r"[a-z]{1,20}", fullmatch=True)
UNCHANGED = "status analysis class string thing bring need speed action session version being a do the"
STRANGERS = (
    "retry retire",
    "policy police",
    "state static status",
    "general generate",
    "universe university",
    "action act",
    "version verse",
    "string stream",
    "process processor",
    "cache catch",
    "index indent",
    "less lens",
)


@pytest.mark.parametrize(
    "family",
    [
        "retry retries retried retrying",
        "query queries queried querying",
        "try tries tried trying",
        "dependency dependencies",
        "run runs running",
        "map maps mapped mapping",
        "stop stops stopped stopping",
        "submit submits submitted submitting",
        "size sizes sized sizing",
        "file files filed filing",
        "type types typed typing",
        "move moves moved moving",
        "cache caches cached caching",
        "store stores stored storing",
        "queue queues queued queuing queueing",
        "free frees freeing",
        "parse parses parsed parsing",
        "schedule schedules scheduled scheduling",
        "release releases released releasing",
        "create creates created creating creation creations",
        "delete deletes deleted deletion",
        "connect connects connected connecting connection connections",
        "select selected selection",
        "match matches matched matching",
        "hash hashes hashed hashing",
        "fix fixes fixed fixing",
        "process processes processed processing",
        "class classes",
        "status statuses",
        "poll polls polled polling",
        "pass passes passed passing",
        "key keys keyed keying",
        "add adds added adding",
        "setting settings",
        "string strings",
        "byte bytes",
        "tree trees",
        "error errors",
        "alias aliases",
        "cookie cookies",
        "diff diffs diffed diffing",
    ],
)
def test_the_forms_of_a_word_share_a_stem(family: str) -> None:
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize("words", STRANGERS)
def test_different_words_do_not(words: str) -> None:
    assert all(stem(one) != stem(other) for one, other in combinations(words.split(), 2))


@pytest.mark.parametrize("word", UNCHANGED.split())
def test_what_only_ends_like_a_form_stays(word: str) -> None:
    assert stem(word) == word


@given(WORDS)
def test_a_stem_is_the_beginning_of_a_word_and_never_longer(word: str) -> None:
    assert 0 < len(stem(word)) <= len(word)
    assert stem(word)[:2] == word[:2]
    assert stem(word).isalpha()


@given(st.from_regex(r"[a-z]{3,20}[bcdfgklmnpqrtvwz]", fullmatch=True))
def test_a_plural_in_s_has_the_stem_of_its_singular(word: str) -> None:
    assert stem(f"{word}s") == stem(word)


@given(st.text().filter(lambda text: not (text.isascii() and text.isalpha())))
def test_digits_signs_and_other_alphabets_are_untouched(text: str) -> None:
    assert stem(text) == text
