"""Policy-free tools that several stages need: normal forms, the shared scan, links, names.

Comes in: text. Goes out: match keys that lead back to the original characters, hits of many
patterns at once, canonical links, skeletons of names.
"""

from tocsin.matching.joined import NormalTexts, documents, match_keys, normalise_all
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
from tocsin.matching.scan import DatabaseCache, Hit, Pattern, PatternSet

__all__ = [
    "DatabaseCache",
    "Document",
    "FoundLink",
    "Hit",
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
    "compile_regex",
    "documents",
    "find_links",
    "host_suffixes",
    "match_keys",
    "normalise",
    "normalise_all",
    "parse_link",
    "skeletons",
]
