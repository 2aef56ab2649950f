"""Script and language of a text.

Comes in: text and the language that the platform names. Goes out: an ISO 15924 script and an ISO
639 language code. Always holds: a language is named only where letters or function words tell it
apart, otherwise it is `und`. Refused: nothing. This is a router for rules, models and reports, not
a classifier: texts of two or three words are mostly `und`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from functools import lru_cache
from typing import Final

__all__ = ["UNKNOWN", "language_of", "script_of", "valid_language"]

UNKNOWN: Final = "und"
_MAX_READ = 2_000  # characters; more does not change the answer
_MIN_WORD_HITS = 2
_LATIN: Final = "Latn"

_RANGES: Final = sorted(
    [
        (0x0041, 0x007A, "Latn"), (0x00AA, 0x024F, "Latn"), (0x0250, 0x02AF, "Latn"),
        (0x0370, 0x03FF, "Grek"), (0x0400, 0x052F, "Cyrl"), (0x0530, 0x058F, "Armn"),
        (0x0590, 0x05FF, "Hebr"), (0x0600, 0x06FF, "Arab"), (0x0700, 0x074F, "Syrc"),
        (0x0750, 0x077F, "Arab"), (0x0780, 0x07BF, "Thaa"), (0x08A0, 0x08FF, "Arab"),
        (0x0900, 0x097F, "Deva"), (0x0980, 0x09FF, "Beng"), (0x0A00, 0x0A7F, "Guru"),
        (0x0A80, 0x0AFF, "Gujr"), (0x0B00, 0x0B7F, "Orya"), (0x0B80, 0x0BFF, "Taml"),
        (0x0C00, 0x0C7F, "Telu"), (0x0C80, 0x0CFF, "Knda"), (0x0D00, 0x0D7F, "Mlym"),
        (0x0D80, 0x0DFF, "Sinh"), (0x0E00, 0x0E7F, "Thai"), (0x0E80, 0x0EFF, "Laoo"),
        (0x0F00, 0x0FFF, "Tibt"), (0x1000, 0x109F, "Mymr"), (0x10A0, 0x10FF, "Geor"),
        (0x1100, 0x11FF, "Hang"), (0x1200, 0x139F, "Ethi"), (0x13A0, 0x13FF, "Cher"),
        (0x1780, 0x17FF, "Khmr"), (0x1800, 0x18AF, "Mong"), (0x1C80, 0x1C8F, "Cyrl"),
        (0x1C90, 0x1CBF, "Geor"), (0x1E00, 0x1EFF, "Latn"), (0x1F00, 0x1FFF, "Grek"),
        (0x2C60, 0x2C7F, "Latn"), (0x3040, 0x309F, "Hira"), (0x30A0, 0x30FF, "Kana"),
        (0x3130, 0x318F, "Hang"), (0x3400, 0x4DBF, "Hani"), (0x4E00, 0x9FFF, "Hani"),
        (0xA720, 0xA7FF, "Latn"), (0xAC00, 0xD7FF, "Hang"), (0xF900, 0xFAFF, "Hani"),
        (0xFB50, 0xFDFF, "Arab"), (0xFE70, 0xFEFF, "Arab"), (0xFF21, 0xFF5A, "Latn"),
        (0xFF66, 0xFF9F, "Kana"), (0xFFA0, 0xFFDC, "Hang"), (0x20000, 0x3FFFF, "Hani"),
    ]
)  # fmt: skip
_STARTS: Final = [first for first, _, _ in _RANGES]

_BY_SCRIPT: Final = {
    "Grek": "el", "Hebr": "he", "Armn": "hy", "Geor": "ka", "Thai": "th", "Laoo": "lo",
    "Khmr": "km", "Mymr": "my", "Tibt": "bo", "Hang": "ko", "Kore": "ko", "Jpan": "ja",
    "Hani": "zh", "Beng": "bn", "Guru": "pa", "Gujr": "gu", "Orya": "or", "Taml": "ta",
    "Telu": "te", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Ethi": "am", "Thaa": "dv",
}  # fmt: skip

# Letters that one language of a script has and the others named here do not.
_LETTERS: Final = {
    "Arab": {"ur": "ٹڈڑںےہھ", "ps": "ټډړښځڅۍې", "ku": "ێۆەڕڵ", "fa": "پچژگیک"},
    "Cyrl": {"uk": "іїєґ", "be": "ў", "sr": "ђћџљњј", "mk": "ѓќѕ", "kk": "әғқңөұүһ", "ru": "ыэё"},
    "Deva": {"mr": "ळ"},
}  # fmt: skip
_ARABIC_FALLBACK: Final = "ar"

_WORDS: Final = {
    script: {language: frozenset(words.split()) for language, words in languages.items()}
    for script, languages in {
        "Latn": {
            "en": "the and of to in is you that it for was on are with they this have from not but "
            "what we will there would their who been has were our your about people when i my",
            "fr": "le la les et est des une dans que pour qui pas sur avec ce il sont nous vous "
            "mais plus par au aux du ne se cette ont leur tout être c'est je elle",
            "de": "der die das und ist nicht ein eine zu den mit von auf für sich dem sie wir ich "
            "es im auch wird sind aus bei nach wie oder aber nur noch haben über werden",
            "es": "el los las y es que una del por con para no se su al como más pero sus le ya "
            "está son sin sobre también hay muy fue este todo nos ellos porque",
            "pt": "o os as e é que uma do da em não para com um no na por mais dos das foi ao ele "
            "são também isso está muito você eu nós seu sua mas pelo",
            "it": "il lo gli e è che una di del della non per con sono un nel alla ma si come "
            "anche più questo questa hanno ci dei delle al da io noi essere perché",
            "nl": "de het een en van is niet dat op te zijn met voor er die ik je aan ook maar "
            "wij naar bij uit nog wordt door hebben deze over hij dit geen",
            "tr": "ve bir bu da de için ile çok ne var ben daha gibi ama kadar sonra o mi değil "
            "olarak her biz olan en şey yok bunu onun ki siz",
            "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada juga ke karena ada "
            "mereka saya kita adalah oleh bisa kami sudah atau orang telah",
            "pl": "i w na nie się że do to jest z jak o po ale co tak za od przez dla czy są już "
            "tym tylko było ich może nas być ja",
            "sv": "och att det som en på är av för med den till inte om har de ett var jag men vi "
            "sig så från kan när nu där efter också hade",
            "ro": "și în de la cu nu este un o pe care mai pentru din să a fost ce sunt dar ca "
            "sau prin ne lui au fi după noi",
            "so": "iyo waa ka ku oo in uu ay waxaa la aan ah soo inay wax laga ayaa",
            "sw": "na ya wa kwa ni katika za la cha kuwa hii hiyo watu yake lakini sana kama",
            "tl": "ang ng sa na mga ay at ito ko si hindi para po kung kami tayo",
            "vi": "và là của có không được cho một những người trong này đã với các để",
        },
        "Cyrl": {
            "ru": "и в не на что он как это по но они мы из у за от так же все было для вы только",
            "uk": "і в не на що як це по але вони ми з у за від так його було для ви та про",
            "bg": "и в не на че той как това по но те ние от за се са със ще беше при до има да",
            "sr": "и у не на да се је су за од као што али то ми они са би или",
        },
        "Deva": {
            "hi": "है के में की और का से को पर यह हैं नहीं ने कि था हम वे लिए",
            "mr": "आहे आणि च्या मध्ये हे ते नाही होते आम्ही साठी",
            "ne": "छ र को मा लाई हो छन् यो हामी भएको",
        },
    }.items()
}

_ISO_639_1: Final = (
    "aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
    "hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky "
    "la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny "
    "oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss "
    "st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo "
    "za zh zu"
)
_CODES: Final = frozenset(_ISO_639_1.split())
_ISO_639_3_LENGTH: Final = 3
_OLD_CODES: Final = {"in": "id", "iw": "he", "ji": "yi", "fil": "tl"}
_NO_LANGUAGE: Final = frozenset({"und", "zxx", "mul", "mis"})


def valid_language(code: str | None) -> str | None:
    """The language of a BCP 47 tag; None where it names none.

    >>> valid_language("ar-EG"), valid_language("und"), valid_language("qme")
    ('ar', None, None)
    """
    if not code:
        return None
    language = code.strip().lower().replace("_", "-").partition("-")[0]
    language = _OLD_CODES.get(language, language)
    if language in _CODES:
        return language
    is_private = "qaa" <= language <= "qtz" or language in _NO_LANGUAGE
    is_three = len(language) == _ISO_639_3_LENGTH and language.isascii() and language.isalpha()
    return language if is_three and not is_private else None


def script_of(text: str) -> str | None:
    """The script of most letters; None where there are no letters.

    >>> script_of("الفجر ok"), script_of("夜明けの港"), script_of("123 !")
    ('Arab', 'Jpan', None)
    """
    text = text[:_MAX_READ]
    if text.isascii():
        return _LATIN if any(map(str.isalpha, text)) else None
    counts: Counter[str] = Counter()
    for char, count in Counter(text).items():  # far fewer than the characters of the text
        script = _script_of_character(char)
        if script is not None:
            counts[script] += count
    if not counts:
        return None
    n_kana = counts["Hira"] + counts["Kana"]
    if n_kana and 5 * n_kana >= counts["Hani"]:
        counts["Jpan"] = n_kana + counts.pop("Hani", 0)
        del counts["Hira"], counts["Kana"]
    return min(counts, key=lambda script: (-counts[script], script))


@lru_cache(maxsize=8_192)
def _script_of_character(char: str) -> str | None:
    if not char.isalpha():
        return None
    code = ord(char)
    index = bisect_right(_STARTS, code) - 1
    if index < 0 or code > _RANGES[index][1]:
        return None
    return _RANGES[index][2]


def language_of(text: str, script: str | None = None) -> str:
    """The language of a text, `und` where it is unclear.

    >>> language_of("We will meet at the harbour when it is dark")
    'en'
    >>> language_of("ok lol")
    'und'
    """
    script = script or script_of(text)
    if script is None:
        return UNKNOWN
    if script in _BY_SCRIPT:
        return _BY_SCRIPT[script]
    lowered = text[:_MAX_READ].lower()
    by_letters = _by_letters(lowered, script)
    if script == "Arab":
        return by_letters or _ARABIC_FALLBACK
    if script == "Cyrl" and by_letters is not None:
        return by_letters
    return _by_words(lowered, script)


def _by_letters(text: str, script: str) -> str | None:
    """The language with most letters of its own, if any is there twice or in a short text once."""
    found = {
        language: sum(map(text.count, letters))
        for language, letters in _LETTERS.get(script, {}).items()
    }
    best = max(found, key=lambda language: found[language], default=None)
    if best is None:
        return None
    is_clear = found[best] >= 2 or (found[best] == 1 and len(text) <= 40)  # noqa: PLR2004  # see the docstring
    return best if is_clear else None


def _by_words(text: str, script: str) -> str:
    """The language with most function words; each of the others has fewer."""
    known = _LANGUAGES_OF_WORD.get(script)
    if known is None:
        return UNKNOWN
    scores: dict[str, int] = {}
    for word in text.replace("’", "'").split():
        languages = known.get(word.strip(_AROUND_WORDS))
        if languages is not None:
            for language in languages:
                scores[language] = scores.get(language, 0) + 1
    most = max(scores.values(), default=0)
    if most < _MIN_WORD_HITS:
        return UNKNOWN
    best = [language for language, count in scores.items() if count == most]
    return best[0] if len(best) == 1 else UNKNOWN


def _by_word() -> dict[str, dict[str, tuple[str, ...]]]:
    """For each script the languages that a function word belongs to."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for script, languages in _WORDS.items():
        words = found[script] = {}
        for language, known in languages.items():
            for word in known:
                words[word] = (*words.get(word, ()), language)
    return found


_LANGUAGES_OF_WORD: Final = _by_word()
_AROUND_WORDS: Final = ".,;:!?¿¡()[]\"'«»“”„…"
