"""Words that should make an operator stop: faiths, peoples, officials.

Comes in: a text of the pack. Goes out: at most one warning of each kind. Always holds: a
warning, never a mistake: a clause may have to name a people in order to protect it. The lists
are short on purpose: they are a reminder to look, not a classifier, and whoever means to do
harm would write around longer ones. Words are compared whole, without case.
"""

from __future__ import annotations

from tocsin.policy.problems import Code, Place, Problems

__all__ = ["named", "warn_of_names"]

PEOPLE = frozenset(
    """
    muslim muslims islam islamic sunni sunnis shia shiite shiites christian christians
    christianity catholic catholics protestant protestants orthodox jew jews jewish judaism hindu
    hindus hinduism sikh sikhs buddhist buddhists atheist atheists yazidi yazidis ahmadi ahmadis
    bahai mosque church synagogue temple quran bible torah
    arab arabs kurd kurds kurdish turk turks persian persians roma gypsies romani uyghur uyghurs
    rohingya tatar tatars chechen chechens african africans asian asians latino latinos indigenous
    aboriginal whites blacks immigrants migrants refugees foreigners
    مسلم مسلمون مسلمين المسلمين المسلمون الاسلام الإسلام شيعة الشيعة سنة السنة مسيحي المسيحيين
    المسيحيون يهود اليهود يهودي عرب العرب كرد الأكراد اكراد
    musulman musulmans musulmane juif juifs juive chrétien chrétiens arabe arabes kurde kurdes
    réfugiés migrants
    moslem moslems muslime muslimen juden jude christen kurden araber ausländer flüchtlinge
    müslüman müslümanlar yahudi yahudiler hristiyan hristiyanlar kürt kürtler alevi aleviler
    musulmán musulmanes judío judíos cristiano cristianos gitanos inmigrantes
    мусульмане мусульман евреи евреев христиане чеченцы татары мигранты
    muslimin kristen yahudi cina pribumi
    """.split()  # noqa: SIM905  # a list of words, easier to read and to extend than quoted ones
)

OFFICIALS = frozenset(
    """
    government president minister ministers ministry parliament king monarch monarchy regime
    mayor governor senator chancellor officials authorities
    حكومة الحكومة رئيس الرئيس وزير الوزير ملك الملك النظام
    gouvernement président ministre ministres parlement roi monarchie régime
    regierung präsident kanzler kanzlerin ministerin könig
    hükümet cumhurbaşkanı bakan bakanlar
    gobierno presidente ministro rey régimen
    правительство президент министр король режим
    pemerintah presiden menteri raja
    """.split()  # noqa: SIM905  # as above
)

_EDGES = ".,;:!?\"'()[]{}«»“”‘’…،؛؟-#*`"


def named(text: str, words: frozenset[str]) -> str | None:
    """The first of the words that the text holds as a whole word.

    >>> named("Insulting the President.", OFFICIALS)
    'president'
    """
    for token in text.casefold().replace("/", " ").split():
        word = token.strip(_EDGES)
        if word in words:
            return word
    return None


def warn_of_names(subject: str, text: str, place: Place, problems: Problems) -> None:
    """Warn where a text names a faith, a people or officials."""
    people = named(text, PEOPLE)
    if people is not None:
        problems.warn(
            Code.NAMES_PEOPLE,
            f"{subject} names a faith or a people: `{people}`",
            place,
            "a rule that singles out a faith or a people silences its ordinary members; judge "
            "what is done or called for, whoever does it",
        )
    officials = named(text, OFFICIALS)
    if officials is not None:
        problems.warn(
            Code.NAMES_OFFICIALS,
            f"{subject} names officials: `{officials}`",
            place,
            "criticism and insult of officials are not violent extremism; a threat against one "
            "falls under the clause on threats like any other",
        )
