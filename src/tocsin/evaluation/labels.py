"""What the `label` of an event says about the post, and what it does not.

Comes in: the `label` object of a data set, the set's own or in our format; codes that people gave
post by post. Goes out: `Truth`. Always holds: a harm of which nobody judged this very post stays
unknown; a label that a post inherits from its author is kept apart (`account_supports`) and never
becomes a post-level truth; hateful, sexist and offensive are neither support nor threat. Refused:
codes that are no codes.

Forms are told by their keys, not by the name of a set:

| keys | read as |
|---|---|
| `support`, `incitement`, `threat`: true or false | our own format, post by post |
| `group`: a name; `about`: whom it names | our own format: must not be flagged, or "ordinary…" |
| `account_supports`: true or false; `account`: "pro_…" | the account was judged, not the post |
| `functionality`, `gold` | a suite of functional tests for detectors of hate |
| `threat` with `sexist`, `vector` | sexist posts, some of them threats or incitement |
| `topic`, `harmless_campaign`, `ambiguous` | how a post was collected |
| `sentiment`; `class` | abusive and ordinary talk |
| `extreme` | a post of a pro-group account, judged by itself |
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, NamedTuple

from tocsin.nlp import Harm
from tocsin.nlp.codes import parse_code

__all__ = ["ABOUT", "PEOPLE", "UNUSABLE", "Group", "GroupKind", "Truth", "truth_of", "with_code"]


class GroupKind(StrEnum):
    """What a model should do with the posts of a group."""

    WANTED = "wanted"
    """Should be found."""
    SPARED = "must not flag"
    """Must not be flagged: counter-speech, news, mockery, talk about it."""
    ORDINARY = "ordinary"
    """Traffic about anything else."""
    OTHER = "not judged for danger"
    """Abuse, or talk that may hold what nobody looked for: shown without a goal."""
    ACCOUNT = "account judged"
    """Posts of accounts that were judged as a whole: most of them are not support."""


class Group(NamedTuple):
    """A group of posts that are evaluated together; `harm` where they should be found for one."""

    kind: GroupKind
    name: str
    harm: Harm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What people said of a post: harms judged post by post, groups, and of its account.

    `is_test_case`: a case of a test suite, which nobody may train on; it is always held out.
    """

    harms: Mapping[Harm, bool] = field(default_factory=dict)
    groups: tuple[Group, ...] = ()
    account_supports: bool | None = None
    is_usable: bool = True
    is_test_case: bool = False


UNUSABLE: Final = Truth(is_usable=False)
"""Of a post that its source says to use for nothing."""

ABOUT: Final = "traffic about terror groups"
"""The name of the group of posts that were collected by the names of such groups."""

PEOPLE: Final = "naming "
"""How the name of a group begins whose posts name some people, whatever else they are."""

_TESTS: Final[Mapping[str, Group]] = {
    "counter_quote_nh": Group(GroupKind.SPARED, "counter-speech that quotes"),
    "counter_ref_nh": Group(GroupKind.SPARED, "counter-speech that refers"),
    "ident_neutral_nh": Group(GroupKind.SPARED, "neutral mention of people"),
    "ident_pos_nh": Group(GroupKind.SPARED, "kind mention of people"),
    "threat_dir_h": Group(GroupKind.WANTED, "direct threats", Harm.THREAT),
    "threat_norm_h": Group(GroupKind.WANTED, "threats as a norm", Harm.THREAT),
}
_OTHER_TEST: Final = Group(GroupKind.SPARED, "harmless by design")
_HATE: Final = Group(GroupKind.OTHER, "hate without a threat")
_ABUSE: Final = Group(GroupKind.OTHER, "abuse")
_NORMAL: Final = Group(GroupKind.SPARED, "ordinary talk, found by word lists")
_SEXIST: Final = Group(GroupKind.OTHER, "sexist without a threat")
_NOT_SEXIST: Final = Group(GroupKind.OTHER, "talk from the same places")
_PRO: Final = Group(GroupKind.ACCOUNT, "posts of pro-group accounts")
_NAMES: Final = {
    Harm.SUPPORT: "support",
    Harm.INCITEMENT: "incitement",
    Harm.THREAT: "threats",
}
_INCITEMENT_VECTOR: Final = "1.2"

_MAX_GROUP_NAME: Final = 60


def truth_of(label: Mapping[str, Any]) -> Truth:
    """What a `label` object says.

    >>> truth_of({"functionality": "counter_quote_nh", "gold": "non-hateful"}).groups[0].name
    'counter-speech that quotes'
    >>> dict(truth_of({"support": True, "threat": False}).harms)
    {<Harm.SUPPORT: 'support'>: True, <Harm.THREAT: 'threat'>: False}
    """
    if label.get("ambiguous") is True:
        return UNUSABLE
    if isinstance(label.get("functionality"), str):
        return _test_case(label)
    harms = {harm: label[harm.value] for harm in Harm if isinstance(label.get(harm.value), bool)}
    if isinstance(label.get("extreme"), bool):
        harms[Harm.SUPPORT] = label["extreme"]
    if "sexist" in label and harms.get(Harm.THREAT) is not None:
        vector = str(label.get("vector", ""))
        harms[Harm.INCITEMENT] = harms[Harm.THREAT] and vector.startswith(_INCITEMENT_VECTOR)
    groups = tuple(dict.fromkeys([*_wanted(harms), *_groups(label, harms)]))
    return Truth(harms=harms, groups=groups, account_supports=_account_supports(label))


def _test_case(label: Mapping[str, Any]) -> Truth:
    functionality = label["functionality"]
    group = _TESTS.get(functionality)
    if group is None:
        group = _OTHER_TEST if label.get("gold") == "non-hateful" else _HATE
    if group.kind is GroupKind.OTHER:  # nobody said whether it threatens too
        return Truth(groups=(group,), is_test_case=True)
    is_threat = group.harm is Harm.THREAT
    groups = (group, *_about(group, label.get("target")))
    return Truth(harms={Harm.THREAT: is_threat}, groups=groups, is_test_case=True)


def _wanted(harms: Mapping[Harm, bool]) -> Iterator[Group]:
    for harm, is_there in harms.items():
        if is_there:
            yield Group(GroupKind.WANTED, _NAMES[harm], harm)


def _groups(label: Mapping[str, Any], harms: Mapping[Harm, bool]) -> Iterator[Group]:
    is_wanted = any(harms.values())
    if _account_supports(label):
        yield _PRO
    if "sexist" in label and not is_wanted:
        yield _SEXIST if label["sexist"] else _NOT_SEXIST
    topic = label.get("topic")
    if isinstance(topic, str):
        is_ordinary = topic.startswith("ordinary")
        name = topic.replace("_", " ")
        yield Group(GroupKind.ORDINARY, name) if is_ordinary else Group(GroupKind.SPARED, ABOUT)
    campaign = label.get("harmless_campaign")
    if isinstance(campaign, str):
        yield Group(GroupKind.SPARED, f"campaign: {campaign.replace('_', ' ')}")
    if isinstance(label.get("sentiment"), str):
        yield _NORMAL if label["sentiment"] == "normal" else _ABUSE
    elif isinstance(label.get("group"), str) and not is_wanted:
        own = _own_group(label["group"])
        yield own
        yield from _about(own, label.get("about"))
    if isinstance(label.get("class"), str):
        yield _NORMAL if label["class"] == "neither" else _ABUSE


def _own_group(name: str) -> Group:
    name = " ".join(name.split())[:_MAX_GROUP_NAME]
    is_ordinary = name.lower().startswith("ordinary")
    return Group(GroupKind.ORDINARY if is_ordinary else GroupKind.SPARED, name)


def _about(group: Group, people: object) -> Iterator[Group]:
    """Whom a harmless post names: a model may not flag some people's name more than others'."""
    if group.kind is not GroupKind.WANTED and isinstance(people, str) and people:
        name = " ".join(people.split())[:_MAX_GROUP_NAME]
        yield Group(group.kind, f"{PEOPLE}{name}")


def _account_supports(label: Mapping[str, Any]) -> bool | None:
    given = label.get("account_supports")
    if isinstance(given, bool):
        return given
    account = label.get("account")
    return True if isinstance(account, str) and account.startswith("pro_") else None


# --- codes, given post by post --------------------------------------------------------------------

_STANCES: Final = {
    "N": "report, judged by hand",
    "C": "condemnation, judged by hand",
    "M": "mockery, judged by hand",
    "Q": "quotation, judged by hand",
    "K": "question, judged by hand",
    "F": "fiction or game, judged by hand",
}
_HYPERBOLE: Final = Group(GroupKind.SPARED, "hyperbole, judged by hand")


def with_code(truth: Truth, code: str, *, where: str) -> Truth:
    """What a person said of this very post, beside what its set says.

    A code is one stance letter (`S` support, `s` leaning that way, `N` report, `C` condemnation,
    `M` mockery, `Q` quotation, `K` question, `F` fiction or game, `O` other) and flags (`i`
    incitement, `t` threat, `h` hyperbole). Leaning is neither support nor its absence; a call to
    others to attack is a threat too. Where the set itself judges the post, that stands.

    >>> dict(with_code(Truth(), "Ct", where="line 1").harms)[Harm.THREAT]
    True

    Raises:
        InputError: this is no code.
    """
    parsed = parse_code(code, where=where)
    stance, said = parsed.stance, parsed.harms()
    if stance != "s":
        said[Harm.SUPPORT] = stance == "S"
    added = {harm: is_there for harm, is_there in said.items() if harm not in truth.harms}
    harms = {**truth.harms, **added}
    wanted = [Group(g.kind, f"{g.name}, judged by hand", g.harm) for g in _wanted(added)]
    kept = list(truth.groups)
    is_harmless = not any(harms.values()) and stance != "s"
    if is_harmless and stance in _STANCES:
        kept.append(Group(GroupKind.SPARED, _STANCES[stance]))
    if is_harmless and "h" in parsed.marks:
        kept.append(_HYPERBOLE)
    return replace(truth, harms=harms, groups=(*wanted, *kept))
