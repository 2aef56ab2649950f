"""Legal mapping of clauses: which schemes we know, and their values.

Comes in: a scheme's name and a value. Goes out: whether the scheme has it. Always holds: values
are those of the schemes themselves. Sources: categories and keywords of the DSA Transparency
Database (`app/Models/Statement.php` of the database's public source, nesting as in published
harmonised reports); report reasons of Ozone (`tools.ozone.report.defs`); categories of
Mastodon's reports. Which clause of ours corresponds to which value is our own reading; other
schemes may be named freely and are not checked.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.policy.problems import did_you_mean

__all__ = ["DSA_CATEGORIES", "SCHEMES", "mistakes"]

DSA_CATEGORIES: dict[str, frozenset[str]] = {
    name: frozenset(keywords.split()) | {"OTHER"}
    for name, keywords in {
        "ANIMAL_WELFARE": "ANIMAL_HARM UNLAWFUL_SALE_ANIMALS",
        "CONSUMER_INFORMATION": "HIDDEN_ADVERTISEMENT INSUFFICIENT_INFORMATION_ON_TRADERS "
        "MISLEADING_INFO_GOODS_SERVICES MISLEADING_INFO_CONSUMER_RIGHTS "
        "NONCOMPLIANCE_PRICING",
        "CYBER_VIOLENCE": "CYBER_BULLYING_INTIMIDATION CYBER_HARASSMENT CYBER_INCITEMENT "
        "CYBER_STALKING NON_CONSENSUAL_IMAGE_SHARING NON_CONSENSUAL_MATERIAL_DEEPFAKE",
        "CYBER_VIOLENCE_AGAINST_WOMEN": "BULLYING_AGAINST_GIRLS "
        "CYBER_HARASSMENT_AGAINST_WOMEN CYBER_STALKING_AGAINST_WOMEN "
        "FEMALE_GENDERED_DISINFORMATION INCITEMENT_AGAINST_WOMEN "
        "NON_CONSENSUAL_IMAGE_SHARING_AGAINST_WOMEN "
        "NON_CONSENSUAL_MATERIAL_DEEPFAKE_AGAINST_WOMEN",
        "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS": "BIOMETRIC_DATA_BREACH DATA_FALSIFICATION "
        "MISSING_PROCESSING_GROUND RIGHT_TO_BE_FORGOTTEN",
        "ILLEGAL_OR_HARMFUL_SPEECH": "DEFAMATION DISCRIMINATION HATE_SPEECH",
        "INTELLECTUAL_PROPERTY_INFRINGEMENTS": "COPYRIGHT_INFRINGEMENT DESIGN_INFRINGEMENT "
        "GEOGRAPHIC_INDICATIONS_INFRINGEMENT PATENT_INFRINGEMENT TRADE_SECRET_INFRINGEMENT "
        "TRADEMARK_INFRINGEMENT",
        "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS": "MISINFORMATION_DISINFORMATION "
        "VIOLATION_EU_LAW VIOLATION_NATIONAL_LAW",
        "PROTECTION_OF_MINORS": "AGE_SPECIFIC_RESTRICTIONS_MINORS "
        "CHILD_SEXUAL_ABUSE_MATERIAL CHILD_SEXUAL_ABUSE_MATERIAL_DEEPFAKE "
        "GROOMING_SEXUAL_ENTICEMENT_MINORS UNSAFE_CHALLENGES",
        "RISK_FOR_PUBLIC_SECURITY": "ILLEGAL_ORGANIZATIONS RISK_ENVIRONMENTAL_DAMAGE "
        "RISK_PUBLIC_HEALTH TERRORIST_CONTENT",
        "SCAMS_AND_FRAUD": "IMPERSONATION_ACCOUNT_HIJACKING INAUTHENTIC_ACCOUNTS "
        "INAUTHENTIC_LISTINGS INAUTHENTIC_USER_REVIEWS PHISHING PYRAMID_SCHEMES",
        "SELF_HARM": "CONTENT_PROMOTING_EATING_DISORDERS SELF_MUTILATION SUICIDE",
        "UNSAFE_AND_PROHIBITED_PRODUCTS": "PROHIBITED_PRODUCTS UNSAFE_PRODUCTS",
        "VIOLENCE": "COORDINATED_HARM INCITEMENT_VIOLENCE_HATRED HUMAN_EXPLOITATION "
        "HUMAN_TRAFFICKING TRAFFICKING_WOMEN_GIRLS",
        "OTHER_VIOLATION_TC": "ADULT_SEXUAL_MATERIAL AGE_SPECIFIC_RESTRICTIONS "
        "GEOGRAPHICAL_REQUIREMENTS GOODS_SERVICES_NOT_PERMITTED LANGUAGE_REQUIREMENTS "
        "NUDITY",
    }.items()
}
"""The categories that the database accepts, each with the keywords nested in it."""

_MASTODON = frozenset({"spam", "legal", "violation", "other"})

SCHEMES: dict[str, str] = {
    "dsa_category": "category of the DSA Transparency Database, without its prefix",
    "dsa_keyword": "keywords of that category, without their prefix",
    "tco_article": "point of Article 2(7) of Regulation (EU) 2021/784",
    "ozone_reason": "report reason of Ozone, a fragment of `tools.ozone.report.defs`",
    "mastodon_category": "category of a Mastodon report",
}
"""The schemes that we know; a pack may name others."""


def mistakes(
    scheme: str, values: Iterable[str], category: str | None
) -> list[tuple[str, str | None]]:
    """What is wrong with the values of one scheme: message and hint each."""
    known: frozenset[str] | None = None
    if scheme == "dsa_category":
        known = frozenset(DSA_CATEGORIES)
    elif scheme == "dsa_keyword":
        known = DSA_CATEGORIES.get(category or "", frozenset())
    elif scheme == "mastodon_category":
        known = _MASTODON
    if known is None:
        return []
    where = f" of `{category}`" if scheme == "dsa_keyword" and category else ""
    return [
        (f"`{value}` is no {scheme}{where}", did_you_mean(value, known))
        for value in values
        if value not in known
    ]
