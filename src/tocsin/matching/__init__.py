"""Policy-free tools that several stages need: normal forms, the shared scan, links, names, shares.

Comes in: text, or counts of samples. Goes out: match keys that lead back to the original
characters, hits of many patterns at once, canonical links, skeletons of names; bounds of a share.
"""

from tocsin.matching.confidence import (
    alarm,
    expected_more,
    fewest_more,
    log_evidence,
    lower_bound,
    upper_bound,
    wilson,
)
from tocsin.matching.joined import NormalTexts, documents, match_keys, normalise_all
from tocsin.matching.language import language_of, script_of, valid_language
from tocsin.matching.links import (
    FoundLink,
    Link,
    LinkPattern,
    find_links,
    host_suffixes,
    parse_link,
)
from tocsin.matching.names import Skeletons, skeletons
from tocsin.matching.normal import (
    Document,
    NormalText,
    Part,
    normalise,
)
from tocsin.matching.regex import Regex, RegexError, compile_regex
from tocsin.matching.scan import DatabaseCache, Hit, HitColumns, Pattern, PatternSet

__all__ = [
    "DatabaseCache",
    "Document",
    "FoundLink",
    "Hit",
    "HitColumns",
    "Link",
    "LinkPattern",
    "NormalText",
    "NormalTexts",
    "Part",
    "Pattern",
    "PatternSet",
    "Regex",
    "RegexError",
    "Skeletons",
    "alarm",
    "compile_regex",
    "documents",
    "expected_more",
    "fewest_more",
    "find_links",
    "host_suffixes",
    "language_of",
    "log_evidence",
    "lower_bound",
    "match_keys",
    "normalise",
    "normalise_all",
    "parse_link",
    "script_of",
    "skeletons",
    "upper_bound",
    "valid_language",
    "wilson",
]
