"""The JSON API: what comes in, what goes out, and one shape for every error."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from typing import Any

import httpx
import jsonschema
import pyarrow as pa
import pytest

from tests.support.site import PACK, PASSWORD, Site, csrf_of
from tocsin.pipeline import activate
from tocsin.policy import PackSource, load_pack
from tocsin.records import encode_event, events_to_arrow
from tocsin.review import Role, Scope, create_token, revoke_token
from tocsin.review.tokens import TRUSTED
from tocsin.testing import actor, post_event
from tocsin.web.errors import ERROR_SCHEMA

SLOGAN = "The dawn of iron rises tonight"
NDJSON = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}


def assert_error(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body = answer.json()
    jsonschema.validate(body, ERROR_SCHEMA)
    assert body["error"]["code"] == code
    assert body["request_id"] == answer.headers["x-request-id"]
    found: dict[str, Any] = body["error"]
    return found


# --- events ------------------------------------------------------------------------------------


def test_lines_are_judged_and_the_refused_ones_named(site: Site) -> None:
    event = encode_event(post_event(SLOGAN))
    client = site.token(Scope.EVENTS_WRITE)
    answer = client.post("/v1/events", content=event + b"\nno json\n", headers=NDJSON).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 0)
    assert len(answer["decisions"]) == 1
    (letter,) = answer["dead_letters"]
    assert (letter["line_number"], letter["offset"]) == (2, len(event) + 1)
    assert letter["reason"] == "INPUT.MALFORMED"

    again = client.post("/v1/events", content=event, headers=NDJSON).json()
    assert (again["accepted"], again["duplicates"], again["decisions"]) == (0, 1, [])


def test_an_array_and_an_arrow_stream_come_in_too(site: Site) -> None:
    events = [post_event(f"{SLOGAN} {number}") for number in range(3)]
    client = site.token(Scope.EVENTS_WRITE)
    array = b"[" + b",".join(map(encode_event, events[:2])) + b"]"
    assert client.post("/v1/events", content=array, headers=JSON).json()["accepted"] == 2
    sink = io.BytesIO()
    table = events_to_arrow(events)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write(table)
    arrow = {"content-type": "application/vnd.apache.arrow.stream"}
    answer = client.post("/v1/events", content=sink.getvalue(), headers=arrow).json()
    assert (answer["accepted"], answer["duplicates"]) == (1, 2)


def test_another_format_goes_through_its_adapter(site: Site) -> None:
    status = {
        "id": "1", "uri": "https://harbour.example/1", "visibility": "public",
        "created_at": "2026-03-01T10:00:00Z", "content": f"<p>{SLOGAN}</p>",
        "account": {"id": "7", "acct": "new_voice", "username": "new_voice"},
    }  # fmt: skip
    client = site.token(Scope.EVENTS_WRITE)
    body = json.dumps([status])
    answer = client.post("/v1/events?format=mastodon", content=body, headers=JSON).json()
    assert (answer["accepted"], len(answer["decisions"])) == (1, 1)
    unknown = client.post("/v1/events?format=pigeon", content=body, headers=JSON)
    assert "mastodon" in str(assert_error(unknown, 400, "INPUT")["hint"])


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"[1,", JSON),
        (b"{}", {"content-type": "text/csv"}),
        (b"{}", {}),
        (b"nothing", {"content-type": "application/vnd.apache.arrow.stream"}),
    ],
)
def test_an_unusable_body_is_refused_as_a_whole(
    site: Site, body: bytes, headers: dict[str, str]
) -> None:
    answer = site.token(Scope.EVENTS_WRITE).post("/v1/events", content=body, headers=headers)
    assert_error(answer, 400, "INPUT")


def test_a_body_beyond_the_limit_is_refused_announced_or_not(site: Site) -> None:
    client = site.token(Scope.EVENTS_WRITE)
    announced = client.post("/v1/events", content=b"x" * 200_001, headers=NDJSON)
    assert_error(announced, 413, "TOO_LARGE")
    streamed = client.post("/v1/events", content=(b"x" * 50_000 for _ in range(5)), headers=NDJSON)
    assert_error(streamed, 413, "TOO_LARGE")
    form = site.client().post("/login", data={"name": "x" * 70_000, "password": "y"})
    assert form.status_code == 413


# --- media -------------------------------------------------------------------------------------


# --- checks ------------------------------------------------------------------------------------


def test_a_check_says_what_would_be_decided_and_stores_nothing(site: Site) -> None:
    event = {"type": "post.created", "post": {"text": SLOGAN}}
    client = site.token(Scope.CHECK)
    answer = client.post("/v1/check", json=event).json()
    assert (answer["ok"], answer["is_recorded"], answer["event"]) == (True, False, "unnamed")
    (decision,) = answer["decisions"]
    assert (decision["outcome"], decision["clause"]) == ("review", "terror.support")
    assert [reason["rule"] for reason in decision["reasons"]] == ["slogan"]
    assert decision["signals"][0]["name"] == "bank:slogans"
    assert answer["missing"] == ["account.age", "report.category"]
    assert set(answer["versions"]) >= {"banks", "detectors", "policy", "tocsin"}
    assert site.token(Scope.DECISIONS_READ).get("/v1/decisions").json()["decisions"] == []
    harmless = {"type": "post.created", "post": {"text": "the bells of the harbour"}}
    assert client.post("/v1/check", json=harmless).json()["decisions"] == []


def test_a_check_that_records_answers_what_was_decided(site: Site) -> None:
    event = encode_event(post_event(SLOGAN))
    client = site.token(Scope.EVENTS_WRITE)
    checked = client.post("/v1/check", content=event, headers=JSON).json()
    first = client.post("/v1/check?record=true", content=event, headers=JSON).json()
    assert first["is_recorded"]
    assert first["decisions"] == checked["decisions"]
    assert client.post("/v1/check?record=true", content=event, headers=JSON).json() == first
    (listed,) = site.token(Scope.DECISIONS_READ).get("/v1/decisions").json()["decisions"]
    assert listed["id"] == first["decisions"][0]["id"]


def test_a_check_that_records_keeps_what_it_refuses(site: Site) -> None:
    client = site.token(Scope.EVENTS_WRITE)
    answer = client.post("/v1/check?record=true", json={"type": "post.created"})
    error = assert_error(answer, 400, "INPUT")
    assert error["where"].startswith("INPUT.")
    assert "dead letter" in error["hint"]
    letters = site.token(Scope.ADMIN).get("/v1/deadletters").json()["dead_letters"]
    assert len(letters) == 1


def test_a_check_needs_its_scope(site: Site) -> None:
    event = encode_event(post_event(SLOGAN))
    answer = site.token(Scope.DECISIONS_READ).post("/v1/check", content=event, headers=JSON)
    assert "`check`" in assert_error(answer, 403, "FORBIDDEN")["message"]
    answer = site.token(Scope.CHECK).post("/v1/check?record=true", content=event, headers=JSON)
    assert "`events:write`" in assert_error(answer, 403, "FORBIDDEN")["message"]
    answer = site.token(Scope.CHECK).post("/v1/check", content=b"no json", headers=JSON)
    assert_error(answer, 400, "INPUT")


def test_a_revoked_token_checks_for_a_second_at_most(site: Site) -> None:
    event = encode_event(post_event(SLOGAN))
    made = create_token(site.store, "short", [Scope.CHECK], by="test")
    headers = {**JSON, "authorization": f"Bearer {made.secret}"}
    client = site.client()
    assert client.post("/v1/check", content=event, headers=headers).status_code == 200
    revoke_token(site.store, made.id, by="test")
    site.clock.advance(TRUSTED)
    answer = client.post("/v1/check", content=event, headers=headers)
    assert_error(answer, 401, "UNAUTHENTICATED")


def test_an_ended_token_checks_no_more(site: Site) -> None:
    event = encode_event(post_event(SLOGAN))
    ends = site.clock.now() + TRUSTED / 2
    made = create_token(site.store, "short", [Scope.CHECK], by="test", expires_at=ends)
    headers = {**JSON, "authorization": f"Bearer {made.secret}"}
    client = site.client()
    assert client.post("/v1/check", content=event, headers=headers).status_code == 200
    site.clock.advance(TRUSTED / 2)
    answer = client.post("/v1/check", content=event, headers=headers)
    assert_error(answer, 401, "UNAUTHENTICATED")


def test_media_is_kept_under_its_hash(site: Site) -> None:
    content = b"\x89PNG" * 5_000
    digest = hashlib.sha256(content).hexdigest()
    client = site.token(Scope.MEDIA_WRITE)
    assert client.put(f"/v1/media/{digest}", content=content).status_code == 201
    again = client.put(f"/v1/media/{digest.upper()}", content=content)
    assert (again.status_code, again.json()["is_new"]) == (200, False)


def test_media_that_is_something_else_is_refused(site: Site) -> None:
    client = site.token(Scope.MEDIA_WRITE)
    assert_error(client.put(f"/v1/media/{'0' * 64}", content=b"x"), 400, "INPUT")
    assert_error(client.put(f"/v1/media/{'g' * 64}", content=b"x"), 400, "INPUT")
    assert_error(client.put("/v1/media/..%2F..%2Fetc", content=b"x"), 404, "NOT_FOUND")
    big = b"x" * 50_001
    digest = hashlib.sha256(big).hexdigest()
    chunks = (big[start : start + 10_000] for start in range(0, len(big), 10_000))
    assert_error(client.put(f"/v1/media/{digest}", content=chunks), 413, "TOO_LARGE")
    assert not [path for path in (site.store.folder / "media").rglob("*") if path.is_file()]


# --- decisions, cases, verdicts ----------------------------------------------------------------


def test_decisions_are_paged_without_gaps(site: Site) -> None:
    sent = site.send(*(post_event(f"{SLOGAN} {number}") for number in range(5)))
    client = site.token(Scope.DECISIONS_READ)
    seen: list[str] = []
    page = client.get("/v1/decisions?limit=2").json()
    seen += [row["id"] for row in page["decisions"]]
    while page["next"]:
        page = client.get(f"/v1/decisions?limit=2&cursor={page['next']}").json()
        seen += [row["id"] for row in page["decisions"]]
    assert seen == sent["decisions"][::-1]


def test_decisions_are_filtered_and_explained(site: Site) -> None:
    author = actor("new_voice", created_at="2026-02-28T12:00:00Z")
    site.send(post_event(SLOGAN), post_event(f"{SLOGAN}!", by=author))
    client = site.token(Scope.DECISIONS_READ)
    found = client.get("/v1/decisions?rule=slogan-of-new-account").json()["decisions"]
    assert [row["outcome"] for row in found] == ["hide"]
    one = client.get(f"/v1/decisions/{found[0]['id']}").json()
    rules = {rule["rule"]: rule for rule in one["explanation"]["rules"]}
    assert set(rules) == {"slogan", "slogan-of-new-account"}
    assert one["explanation"]["evidence"][0]["excerpt"] == "dawn of iron rises"
    assert one["decision"]["id"] == found[0]["id"]
    assert_error(client.get("/v1/decisions/dec_0"), 404, "NOT_FOUND")
    assert_error(client.get("/v1/decisions?cursor=x"), 400, "INPUT")
    assert_error(client.get("/v1/decisions?limit=0"), 400, "INPUT")


def test_a_case_is_decided_in_the_name_of_a_user(site: Site) -> None:
    case = site.case()
    client = site.token(Scope.CASES_READ, Scope.CASES_WRITE, Scope.ACTIONS_READ)
    (listed,) = client.get("/v1/cases").json()["cases"]
    assert listed["id"] == case.id
    body = {
        "version": 1, "kind": "violation", "clause": "terror.support",
        "actions": ["hide", "suspend"], "reviewer": "moderator", "note": "plain praise",
    }  # fmt: skip
    verdict = client.post(f"/v1/cases/{case.id}/verdict", json=body).json()["verdict"]
    assert verdict["kind"] == "violation"
    assert verdict["reviewer"].startswith("usr_")
    one = client.get(f"/v1/cases/{case.id}").json()
    assert (one["case"]["state"], len(one["actions"])) == ("decided", 2)
    waiting = client.get("/v1/actions?state=waiting").json()
    assert waiting["counts"] == {"waiting": 2}
    assert "plain praise" not in json.dumps(one)

    late = client.post(
        f"/v1/cases/{case.id}/verdict", json={**body, "kind": "harmless", "actions": []}
    )
    error = assert_error(late, 409, "CONFLICT")
    assert "moderator decided it as `violation`" in error["message"]
    undone = client.post(f"/v1/verdicts/{verdict['id']}/reverse", json={"reviewer": "moderator"})
    assert undone.json()["verdict"]["reverses"] == verdict["id"]
    assert client.get("/v1/actions?state=cancelled").json()["counts"] == {"cancelled": 2}


def test_a_token_is_no_person(site: Site) -> None:
    case = site.case()
    client = site.token(Scope.CASES_WRITE)
    body = {"version": 1, "kind": "harmless"}
    for reviewer in (None, "nobody", ""):
        answer = client.post(f"/v1/cases/{case.id}/verdict", json={**body, "reviewer": reviewer})
        assert "person's" in assert_error(answer, 400, "INPUT")["message"]
    answer = client.post(f"/v1/cases/{case.id}/verdict", json={**body, "reviewer": "analyst"})
    assert_error(answer, 403, "FORBIDDEN")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"nonsense", b"\xff", b'{"version": "one", "kind": "harmless"}',
        b'{"version": 1, "kind": "guilty"}', b'{"version": 1, "kind": "harmless", "x_secret": 1}',
        b'{"version": 1, "kind": "violation", "reviewer": "moderator"}', b"[" * 5_000,
    ],
)  # fmt: skip
def test_a_verdict_of_another_form_is_refused(site: Site, body: bytes) -> None:
    case = site.case()
    answer = site.token(Scope.CASES_WRITE).post(f"/v1/cases/{case.id}/verdict", content=body)
    assert "x_secret" not in assert_error(answer, 400, "INPUT")["message"]


def test_a_person_uses_the_api_with_session_and_csrf_token(site: Site) -> None:
    case = site.case()
    client = site.logged_in(Role.MODERATOR)
    assert client.get("/v1/cases").json()["cases"][0]["id"] == case.id
    body = {"version": 1, "kind": "harmless"}
    path = f"/v1/cases/{case.id}/verdict"
    assert_error(client.post(path, json=body), 403, "FORBIDDEN")
    headers = {"x-csrf-token": csrf_of(client)}
    other = client.post(path, json={**body, "reviewer": "lead"}, headers=headers)
    assert_error(other, 400, "INPUT")
    assert client.post(path, json=body, headers=headers).status_code == 200


def test_dead_letters_show_reason_and_place_not_content(site: Site) -> None:
    client = site.token(Scope.ADMIN)
    client.post("/v1/events", content=b"a secret line\n", headers=NDJSON)
    page = client.get("/v1/deadletters")
    (letter,) = page.json()["dead_letters"]
    assert letter["reason"] == "INPUT.MALFORMED"
    assert letter["source"].startswith("http:tok_")
    assert "secret line" not in page.text
    assert client.get("/v1/deadletters?reason=INPUT.NUL").json()["dead_letters"] == []


def test_health_needs_no_token_and_the_status_does(site: Site) -> None:
    health = site.client().get("/healthz")
    assert health.json().keys() == {"ok", "version"}
    assert_error(site.client().get("/v1/status"), 401, "UNAUTHENTICATED")
    site.case()
    status = site.token(Scope.CASES_READ).get("/v1/status").json()
    assert status["cases"] == {"open": 1, "decided": 0}
    assert status["policy"]["name"] == "small"


def test_the_status_says_how_much_windows_hold(site: Site) -> None:
    rule = """
- id: many-posts
  clause: terror.support
  when: count(event, by=account, over=hours(1)) >= 3
  outcome: review
  priority: 10
  examples:
    hit: [{text: c, account: a1, before: [{text: a, account: a1}, {text: b, account: a1}]}]
    miss: [{text: a}]
"""
    files = load_pack(PACK).files
    files = {**files, "rules/rules.yaml": files["rules/rules.yaml"] + rule}
    activate(site.store, PackSource.from_files(files), by="test", reason="windows")
    site.send(post_event("one", event_id="1"), post_event("two", event_id="2"))
    status = site.token(Scope.CASES_READ).get("/v1/status").json()
    (window,) = status["windows"]
    assert (window["keys"], window["entries"]) == (1, 2)
    assert window["bytes"] > 0
    assert json.loads(window["window"])[:1] == ["count"]
    assert status["windows_late"] == 0


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "NOT_FOUND"),
        ("GET", "/v1/", 404, "NOT_FOUND"),
        ("DELETE", "/v1/events", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/events", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/healthz", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/openapi.json", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/v1/cases", 401, "UNAUTHENTICATED"),
        ("GET", "/v1/cases?limit=x", 400, "INPUT"),
        ("GET", "/v1/cases?state=elsewhere", 400, "INPUT"),
    ],
)
def test_every_error_has_the_one_shape(
    site: Site, method: str, path: str, status: int, code: str
) -> None:
    client = site.client() if status == 401 else site.token(Scope.ADMIN)
    assert_error(client.request(method, path), status, code)


def test_what_nobody_foresaw_is_answered_and_logged_without_its_message(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    @site.app.get("/v1/broken")
    def _broken() -> None:
        raise RuntimeError("canary 4711")

    with caplog.at_level(logging.DEBUG):
        error = assert_error(site.client().get("/v1/broken"), 500, "INTERNAL")
    assert "canary" not in str(error)
    assert "RuntimeError" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer tcs_0", "Bearer x y", "tcs_0"])
def test_a_wrong_token_is_refused(site: Site, header: str) -> None:
    answer = site.client().get("/v1/cases", headers={"authorization": header})
    assert_error(answer, 401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_openapi_describes_every_endpoint_with_our_error(site: Site) -> None:
    schema = site.client().get("/openapi.json").json()
    assert set(schema["paths"]) == {
        "/v1/events", "/v1/check", "/v1/media/{sha256}", "/v1/decisions",
        "/v1/decisions/{decision_id}",
        "/v1/cases", "/v1/cases/{case_id}", "/v1/cases/{case_id}/verdict",
        "/v1/verdicts/{verdict_id}/reverse", "/v1/actions", "/v1/deadletters", "/v1/status",
        "/v1/backtests", "/v1/backtests/{backtest_id}", "/v1/backtests/{backtest_id}/changes",
        "/v1/automation", "/v1/alerts", "/v1/alerts/{alert_id}/acknowledge",
        "/v1/labels", "/v1/accounts/{key}/labels",
        "/v1/rules", "/v1/rules/{rule_id}", "/v1/proposals", "/v1/proposals/{proposal_id}",
        "/v1/proposals/{proposal_id}/approve", "/v1/proposals/{proposal_id}/reject", "/healthz",
    }  # fmt: skip
    for operations in schema["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            assert "default" in operation["responses"]
            assert operation["summary"]
    body = schema["paths"]["/v1/cases/{case_id}/verdict"]["post"]["requestBody"]
    assert "#/x/" not in json.dumps(body)


def test_logs_hold_routes_and_ids_never_content(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canaryhandle4711"
    with caplog.at_level(logging.DEBUG):
        case = site.case(f"{SLOGAN} {canary}", by=canary)
        client: httpx.Client = site.logged_in(Role.LEAD)
        client.get(f"/cases/{case.id}?clause={canary}")
        client.get(f"/accounts?key={case.actor}")
        client.get(f"/accounts?key={canary}")
        client.get(f"/{canary}")
        client.post("/login", data={"name": canary, "password": canary})
    # the client in this process logs what it asks for; we answer for ours only
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("tocsin")]
    assert any("/cases/{case_id}" in line for line in ours)
    assert not any(canary in line or PASSWORD in line for line in ours)
