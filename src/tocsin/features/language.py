"""The features `lang` and `script`.

Comes in: text and the language that the platform names. Goes out: an ISO 15924 script and an ISO
639 language code. Always holds: a valid language from the platform wins; where a text does not tell
its language it is `und`. Refused: nothing.
"""

from __future__ import annotations

from typing import Final

from tocsin.features.table import ORIGINAL, Feature
from tocsin.matching import language_of, script_of, valid_language
from tocsin.records import FeatureSpec, ValueType

__all__ = ["FEATURES"]


def _script(text: str | None) -> str | None:
    return None if text is None else script_of(text)


def _lang(sent: str | None, text: str | None) -> str | None:
    named = valid_language(sent)
    if named is not None:
        return named
    return None if text is None else language_of(text)


FEATURES: Final = (
    Feature(
        spec=FeatureSpec(
            name="lang",
            type=ValueType.TEXT,
            doc="ISO 639 language: the platform's where it names a valid one, else found from "
            "script, letters and function words; `und` where unclear.",
            example='"ar"',
        ),
        reads=("post.lang", ORIGINAL),
        of=_lang,
    ),
    Feature(
        spec=FeatureSpec(
            name="script",
            type=ValueType.TEXT,
            doc="ISO 15924 script of most letters; missing where there are no letters.",
            example='"Arab"',
        ),
        reads=(ORIGINAL,),
        of=_script,
    ),
)
