"""Languages told apart on plain sentences, and `und` where nothing tells."""

from __future__ import annotations

import pytest

from tocsin.matching import language_of, script_of, valid_language

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


@pytest.mark.parametrize("language", SENTENCES)
def test_sentences(language: str) -> None:
    assert language_of(SENTENCES[language]) == language


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
