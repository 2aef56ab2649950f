"""What is taken away before a model sees a post, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.nlp.clean import plain_words

letters = st.text(
    alphabet=st.sampled_from("ab ز#＃@_/[]:.RTMU\n") | st.characters(exclude_characters="&")
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("RT @ann: the harbour opens", "the harbour opens"),
        ("MT @ann the harbour opens", "the harbour opens"),
        ("see https://harbour.example/a?b=c#d now", "see now"),
        ("see www.harbour.example now", "see now"),
        ("see HTTPS://Harbour.example now", "see now"),
        ("[USER] said so [URL]", "said so"),
        ("thanks @mara_1 and @مارا for it", "thanks and for it"),
        ("thanks @mara@harbour.example, again", "thanks , again"),
        ("the #Iron_Dawn lost", "the Iron Dawn lost"),
        ("الفجر #الحديدي يخسر", "الفجر الحديدي يخسر"),
        ("it rains #news #weather", "it rains"),
        ("it rains #news", "it rains news"),
        ("#news #weather", "news weather"),
        ("bread &amp; butter", "bread & butter"),
        ("  two\n lines ", "two lines"),
        ("RT is a word here, and so is 7/8", "RT is a word here, and so is 7/8"),
        ("", ""),
    ],
)
def test_marks_go_and_words_stay(text: str, words: str) -> None:
    assert plain_words(text) == words


@given(letters)
def test_what_is_left_was_there_in_this_order(text: str) -> None:
    left = iter(text)
    assert all(letter in left for letter in "".join(plain_words(text).split()))


@given(st.text())
def test_there_is_one_blank_between_words_and_none_at_the_ends(text: str) -> None:
    words = plain_words(text)
    assert words == " ".join(words.split())
