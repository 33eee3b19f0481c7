"""What strangers send: whatever the document allows, what it does not, and broken pictures by the hundred."""

from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from benchmarks.mutated_photos import mutated_photos
from recognition.vocabulary import PictureReason
from tests.support.serving import ServerUnderTest, photo_of, running_server, write_release

pytestmark = pytest.mark.slow

MUTATED = 400
CHECKED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    folder = tmp_path_factory.mktemp("hostile")
    write_release(folder / "releases")
    with running_server(folder, per_minute=0) as running:
        yield running


def test_whatever_the_document_allows_is_answered_as_it_says(server: ServerUnderTest) -> None:
    document = schemathesis.openapi.from_dict(server.client.get("/openapi.json").json())
    document.config.update(base_url=server.url)
    operations = [found.ok() for found in document.get_all_operations()]
    assert len(operations) == 7
    for operation in operations:

        @CHECKED
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # no schema tells what a picture is

        check()


def test_broken_pictures_get_an_answer_or_a_reason_and_take_no_memory(server: ServerUnderTest) -> None:
    sources = [photo_of("blue-tea", 1, kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")]
    server.ask(*sources)
    before = server.mebibytes()
    seen = set[int]()
    photos = list(mutated_photos(sources, MUTATED, seed=3))
    for at in range(0, MUTATED, 16):
        response = server.ask(*photos[at : at + 16])
        seen.add(response.status_code)
        for answer in response.json().get("answers", ()):
            assert (answer["answer"] is None) != (answer["problem"] is None)
            assert answer["problem"] is None or answer["problem"]["reason"] in set(PictureReason)
    assert seen <= {200, 422}
    assert server.mebibytes() < before + 300
    assert server.metric("skuloop_worker_restarts_total") == 0


def test_a_form_with_a_hundred_thousand_parts_costs_neither_time_nor_memory(server: ServerUnderTest) -> None:
    part = b'--b\r\ncontent-disposition: form-data; name="p"; filename="f"\r\n\r\n\r\n'
    before = server.mebibytes()
    response = server.client.post(
        "/v1/identify", content=part * 100_000, headers={"content-type": "multipart/form-data; boundary=b"}
    )
    assert response.status_code == 400
    assert server.mebibytes() < before + 100


def test_a_body_without_end_is_cut_off(server: ServerUnderTest) -> None:
    before = server.mebibytes()
    response = server.client.post("/v1/identify", content=iter([b"x" * 2**20] * 200))
    assert response.status_code == 413
    assert server.mebibytes() < before + 200
