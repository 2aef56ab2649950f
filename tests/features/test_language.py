"""Languages told apart on plain sentences, and `und` where nothing tells."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.matching import language, language_of, script_of, valid_language

SENTENCES = {
    "en": "We will meet at the harbour when it is dark",
    "fr": "Nous sommes allés au port et il n'y avait pas de bateau",
    "de": "Wir gehen morgen zum Hafen und das Wetter ist nicht gut",
    "es": "Los barcos del puerto no salen hoy por el viento",
    "pt": "Os barcos não saem do porto hoje, mas eu vou com você",
    "it": "Il porto è chiuso e non ci sono barche per il lago",
    "nl": "Het weer is niet goed en wij gaan naar de haven",
    "tr": "Bu sabah liman çok güzel ve hava daha iyi",
    "id": "Kapal itu tidak berangkat dari pelabuhan karena angin",
    "pl": "Nie ma statków w porcie, bo jest za duży wiatr",
    "sv": "Det är inte så bra väder och vi stannar i hamnen",
    "ro": "Nu sunt corăbii în port și vântul este mai rece",
    "ru": "Корабли сегодня не выйдут, потому что ветер",
    "uk": "Кораблі сьогодні не вийдуть, бо вітер",
    "bg": "Корабите днес няма да излязат, защото има вятър",
    "ar": "السفن لا تخرج اليوم من الميناء",
    "fa": "کشتی‌ها امروز از بندر بیرون نمی‌روند",
    "ur": "آج جہاز بندرگاہ سے نہیں نکلیں گے",
    "el": "Τα πλοία δεν βγαίνουν σήμερα",
    "he": "הספינות לא יוצאות היום",
    "hi": "आज जहाज बंदरगाह से नहीं निकलेंगे क्योंकि हवा है",
    "zh": "今天船不出港",
    "ja": "今日は船が出ません",
    "ko": "오늘은 배가 나가지 않습니다",
    "th": "วันนี้เรือไม่ออก",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_sentences(name: str) -> None:
    assert language_of(SENTENCES[name]) == name


@pytest.mark.parametrize("text", ["", "123", "ok lol", "Mara Ellison", "😂"])
def test_unclear_texts(text: str) -> None:
    assert language_of(text) == "und"


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Ａｂ", "Latn"),
        ("ab где", "Cyrl"),
        ("الفجر ok", "Arab"),
        ("カナ漢字漢字", "Jpan"),
        ("!?", None),
    ],
)
def test_scripts(text: str, script: str | None) -> None:
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("code", "language"),
    [("en_US", "en"), ("IN", "id"), ("fil", "tl"), ("arz", "arz"), ("xx", None), ("qct", None),
     ("zxx", None), (None, None), ("<script>", None)],
)  # fmt: skip
def test_codes(code: str | None, language: str | None) -> None:
    assert valid_language(code) == language


LETTERS = st.text(alphabet=st.sampled_from("abZéßگالفجرыэґ漢カかनह한١2 .,!\U0001d400"), max_size=40)


@given(LETTERS)
def test_the_script_of_a_text_is_that_of_most_of_its_letters(text: str) -> None:
    counts = Counter(filter(None, map(script_of, text)))
    if "Jpan" in counts:  # a letter of its own says so; beside Han it is the text that does
        return
    expected = min(counts, key=lambda script: (-counts[script], script), default=None)
    assert script_of(text) == expected


WORDS = st.sampled_from([*" ".join(SENTENCES.values()).split(), "the,", "(la)", "«de»", "c’est"])


@given(st.lists(WORDS, max_size=12).map(" ".join))
def test_the_language_of_words_is_the_one_with_most_of_them(text: str) -> None:
    assert language_of(text) == _plainly(text)


def _plainly(text: str) -> str:
    """`language_of`, each language asked for each word."""
    script = script_of(text) or ""
    words = language._WORDS.get(script, {})  # noqa: SLF001  # the lists are what is compared over
    by_letters = language._by_letters(text.lower(), script)  # noqa: SLF001
    if script == "Arab" or script in language._BY_SCRIPT or (script == "Cyrl" and by_letters):  # noqa: SLF001
        return language_of(text)
    bare = [word.strip(".,;:!?¿¡()[]\"'«»“”„…") for word in text.lower().replace("’", "'").split()]
    scores = {name: sum(word in known for word in bare) for name, known in words.items()}
    ranked = sorted(scores.values(), reverse=True)
    if not ranked or ranked[0] < 2 or ranked[0] == ranked[1]:
        return "und"
    return max(scores, key=lambda name: scores[name])
