"""Translators and readers of images against real servers on loopback sockets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.models import ModelServer, answering, chat, failing, serving
from tocsin.nlp.adapters.build import build_ocr, build_translator
from tocsin.nlp.adapters.ocr import OpenAICompatOcr
from tocsin.nlp.adapters.protocols import Ocr, Translator
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.testing.fake_clock import FakeClock

POST = "اشتريت خبزا عند الميناء"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
TRANSLATED = answering(chat(json.dumps({"translation": "I bought bread at the harbour"})))
READ = answering(chat(json.dumps({"text": "BREAD 2.50"})))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(TRANSLATED) as server:
        yield server


def translator_of(server: ModelServer, **more: Any) -> Translator:
    settings = OutsideModel(
        kind="translator", base_url=server.url, model="m", **{"retries": 0, **more}
    )
    built = build_translator(settings, FakeClock())
    server.callers.callback(built.close)
    return built


def ocr_of(server: ModelServer, **more: Any) -> Ocr:
    settings = OutsideModel(kind="ocr", base_url=server.url, model="m", **{"retries": 0, **more})
    return server.callers.enter_context(build_ocr(settings, FakeClock()))


def test_without_a_translator_there_is_no_translation() -> None:
    answer = build_translator(None, FakeClock()).translate(POST)

    assert answer.abstained
    assert answer.text is None


def test_a_translation_is_marked_as_made_by_a_machine(server: ModelServer) -> None:
    translator = translator_of(server)
    answer = translator.translate(POST, source="ar")

    assert answer.text == "I bought bread at the harbour"
    assert answer.by_machine
    assert (answer.language, answer.target, answer.version) == ("ar", "en", "served-name")
    assert translator.translate(POST, source="ar").cached
    (request,) = server.asked
    assert f"\n| {POST}\n" in request.user
    assert "`ar`" in request.system


@pytest.mark.parametrize(
    "content",
    ["I bought bread", '{"translation": 1}', '{"translation": "a", "safe": true}', None],
)
def test_anything_else_is_no_translation(server: ModelServer, content: str | None) -> None:
    server.behaviour = answering(chat(content))

    assert translator_of(server).translate(POST).abstained


def test_a_server_that_fails_translates_nothing(server: ModelServer) -> None:
    server.behaviour = failing(500, 9, TRANSLATED)
    answer = translator_of(server).translate(POST)

    assert answer.abstained
    assert "HTTP 500" in answer.reason


def test_a_text_that_is_too_long_is_not_sent(server: ModelServer) -> None:
    assert translator_of(server, max_text_characters=3).translate(POST).abstained
    assert server.asked == []


def test_text_in_an_image_is_marked_as_from_an_image(server: ModelServer) -> None:
    server.behaviour = READ
    ocr = ocr_of(server)
    answer = ocr.read(PNG)

    assert answer.text == "BREAD 2.50"
    assert answer.from_image
    assert ocr.read(PNG).cached
    (request,) = server.asked
    (part,) = request.user
    head, data = part["image_url"]["url"].split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == PNG


def test_an_image_without_text_is_an_answer(server: ModelServer) -> None:
    server.behaviour = answering(chat('{"text": ""}'))
    answer = ocr_of(server).read(PNG)

    assert answer.text == ""
    assert not answer.abstained


@pytest.mark.parametrize("image", [b"", b"<svg></svg>", b"%PDF-1.7", b"RIFF\0\0\0\0WAVE"])
def test_what_is_no_image_is_not_sent(server: ModelServer, image: bytes) -> None:
    assert ocr_of(server).read(image).abstained
    assert server.asked == []


def test_an_image_that_is_too_large_is_not_sent(server: ModelServer) -> None:
    assert ocr_of(server, max_image_bytes=len(PNG) - 1).read(PNG).abstained
    assert server.asked == []


@pytest.mark.parametrize("start", [b"\xff\xd8\xff\xe0", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8 "])
def test_the_kind_of_an_image_is_known_by_its_bytes(server: ModelServer, start: bytes) -> None:
    server.behaviour = READ

    assert ocr_of(server).read(start).text == "BREAD 2.50"


def test_a_reader_that_fails_has_no_opinion(server: ModelServer) -> None:
    server.behaviour = answering(chat("I see a shop"))
    server.callers.enter_context(
        reader := OpenAICompatOcr(
            OutsideModel(kind="ocr", base_url=server.url, model="m"), FakeClock()
        )
    )

    assert reader.read(PNG).abstained
