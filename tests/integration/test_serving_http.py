"""The HTTP API as callers meet it: a real server process, asked over HTTP."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from pydantic import BaseModel

from serving.http.schema import Answers, ProductAnswer, ReleaseAnswer
from tests.support.commands import CHECKOUT, run_skuloop, wait_for
from tests.support.serving import ServerUnderTest, photo_of, running_server, write_release

pytestmark = pytest.mark.slow

RED, BLUE = "red/tea 1", "blue-tea"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    folder = tmp_path_factory.mktemp("serving")
    write_release(folder / "releases")
    with running_server(folder, per_minute=0, photos=4, photo_mib=1, request_mib=2) as running:
        yield running


def problem(response: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """What a refusal tells, once it is of the right kind and form."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    told: dict[str, Any] = response.json()
    assert (told["type"], told["status"]) == (kind, status), told
    assert told["title"]
    assert told["detail"]
    return told


# --- answers


def test_a_photo_is_answered_with_product_price_and_release(server: ServerUnderTest) -> None:
    response = server.ask(photo_of(RED, 99))
    assert response.status_code == 200, response.text
    (answer,) = response.json()["answers"]
    (found,) = answer["answer"]["found"]
    best = found["alternatives"][0]
    assert (best["sku"], best["product"]["price"], best["product"]["currency"]) == (RED, "3.7700", "EUR")
    assert found["verdict"] in {"sure", "unsure", "unseen"}
    assert found["box"] == {"left": 0.0, "top": 0.0, "right": 240.0, "bottom": 240.0}
    assert answer["answer"]["release_id"] == "r0001-under-test"
    stages = {stage.split(";")[0] for stage in response.headers["server-timing"].split(", ")}
    assert stages == {"receive", "queue", "decode", "isolate", "encode", "search", "total"}


def test_a_photo_is_turned_upright_as_its_camera_says(server: ServerUnderTest) -> None:
    picture = Image.open(BytesIO(photo_of(RED))).crop((0, 0, 240, 100))
    exif = picture.getexif()
    exif[0x0112] = 6
    file = BytesIO()
    picture.save(file, "JPEG", exif=exif)
    assert server.ask(file.getvalue()).json()["answers"][0]["answer"]["size"] == [100, 240]


def test_one_broken_photo_among_good_ones_costs_only_its_own_answer(server: ServerUnderTest) -> None:
    answers = server.ask(photo_of(RED), b"no photo", photo_of(BLUE)).json()["answers"]
    assert [answer["photo"] for answer in answers] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [answer["problem"] and answer["problem"]["reason"] for answer in answers] == [
        None,
        "unsupported_format",
        None,
    ]
    assert [answer["answer"] is None for answer in answers] == [False, True, False]
    assert answers[2]["answer"]["found"][0]["alternatives"][0]["sku"] == BLUE


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "IMAGE/PNG; charset=x", None])
def test_the_bytes_of_one_photo_are_enough(server: ServerUnderTest, kind: str | None) -> None:
    headers = {"content-type": kind} if kind else {}
    response = server.client.post("/v1/identify?products=1", content=photo_of(BLUE), headers=headers)
    assert response.json()["answers"][0]["answer"]["found"][0]["alternatives"][0]["sku"] == BLUE


def test_a_product_is_told_whatever_its_sku_is_made_of(server: ServerUnderTest) -> None:
    told = server.client.get("/v1/products/red%2Ftea%201").json()
    assert (told["sku"], told["title"], told["brand"]) == (RED, f"Tea <b>{RED}</b>", "Tamiko")
    (address,) = told["references"]
    picture = server.client.get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")
    assert Image.open(BytesIO(picture.content)).size == (240, 240)
    assert "max-age" in picture.headers["cache-control"]
    again = server.client.get(address, headers={"if-none-match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    problem(server.client.get(address[:-1] + "2"), 404, "not-found")
    problem(server.client.get("/v1/products/nobody"), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    ["..%2F..%2Fetc%2Fpasswd", "%2e%2e/%2e%2e/current", "red%2Ftea%201%00", "%ff%fe", "a" * 5000, "..", "%2F", ""],
)
def test_no_trick_in_a_sku_reaches_a_file(server: ServerUnderTest, path: str) -> None:
    for ending in ("", "/references/1"):
        with socket.create_connection(("127.0.0.1", server.port)) as raw:  # past what a client would tidy up
            raw.sendall(
                f"GET /v1/products/{path}{ending} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode()
            )
            said = b"".join(iter(lambda: raw.recv(65536), b""))
        assert said.startswith(b"HTTP/1.1 404"), said[:300]
        assert b"application/problem+json" in said


def test_who_runs_it_learns_how_it_is(server: ServerUnderTest) -> None:
    assert server.client.get("/healthz").json() == {"status": "alive"}
    assert server.client.get("/readyz").json() == {"status": "ready", "release_id": "r0001-under-test", "encoders": 1}
    release = server.client.get("/v1/releases/current").json()
    assert (release["release_id"], release["products"], release["encoder"]) == ("r0001-under-test", 3, "handcrafted")
    before = server.metric('skuloop_refused_photos_total{reason="unsupported_format"}')
    server.ask(photo_of(RED), b"no photo")
    assert server.metric('skuloop_refused_photos_total{reason="unsupported_format"}') == before + 1
    assert server.metric('skuloop_release_info{release_id="r0001-under-test"}') == 1
    assert server.metric('skuloop_stage_seconds_count{stage="encode"}') > 0
    assert server.metric("skuloop_waiting_photos") == 0


# --- refusals


def test_every_refusal_is_a_problem_of_its_own_kind(server: ServerUnderTest) -> None:
    client, photo = server.client, photo_of(RED)
    problem(client.get("/nowhere"), 404, "not-found")
    refused = client.put("/v1/identify")
    problem(refused, 405, "no-such-method")
    assert refused.headers["allow"] == "POST"
    problem(client.post("/v1/identify", content=b"a=b", headers={"content-type": "text/plain"}), 415, "not-a-photo")
    problem(client.post("/v1/identify", data={"a": "b"}), 415, "not-a-photo")
    told = problem(client.post("/v1/identify", content=b"no photo"), 422, "unreadable-photo")
    assert told["reason"] == "unsupported_format"
    problem(client.post("/v1/identify", content=b""), 422, "unreadable-photo")
    problem(server.ask(b"no", b"none"), 422, "unreadable-photo")
    problem(client.post("/v1/identify?products=0", content=photo), 422, "bad-parameter")
    problem(server.ask(*[photo] * 5), 400, "bad-request")
    problem(client.post("/v1/identify", files={"photo": (None, "text")}), 400, "bad-request")
    broken = {"content-type": "multipart/form-data"}
    problem(client.post("/v1/identify", content=b"x", headers=broken), 400, "bad-request")
    problem(client.post("/v1/identify", content=b"x" * 2**21 + b"x"), 413, "too-large")
    problem(client.post("/v1/identify", content=iter([b"x" * 2**20] * 5)), 413, "too-large")
    told = problem(client.post("/v1/identify", content=b"x" * (2**20 + 1)), 422, "unreadable-photo")
    assert told["reason"] == "too_large"


def test_a_picture_that_unpacks_to_gigabytes_is_refused_by_its_header(server: ServerUnderTest) -> None:
    bomb = BytesIO()
    Image.new("L", (12_000, 12_000)).save(bomb, "PNG")
    before = server.mebibytes()
    told = problem(server.client.post("/v1/identify", content=bomb.getvalue()), 422, "unreadable-photo")
    assert told["reason"] == "too_large"
    assert server.mebibytes() < before + 50


def test_no_web_page_of_another_origin_may_ask_nor_one_that_was_lured_here_by_a_name(server: ServerUnderTest) -> None:
    client = server.client
    foreign = {"origin": "https://elsewhere.example"}
    problem(client.post("/v1/identify", content=photo_of(RED), headers=foreign), 403, "foreign-page")
    problem(client.get("/readyz", headers={"host": "rebound.example"}), 403, "unknown-host")
    assert client.get("/readyz", headers={"origin": server.url}).status_code == 200
    assert "access-control-allow-origin" not in client.get("/readyz").headers


def test_answers_carry_the_headers_that_keep_browsers_out_of_trouble(server: ServerUnderTest) -> None:
    for path in ("/healthz", "/nowhere", "/v1/products/nobody"):
        headers = server.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_what_is_no_http_is_told_so(server: ServerUnderTest) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(b"\x16\x03\x01 what?\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 400")


# --- the document


def test_the_examples_of_the_document_have_the_form_of_real_answers(server: ServerUnderTest) -> None:
    paths = server.client.get("/openapi.json").json()["paths"]

    def example(path: str, method: str) -> Any:
        return paths[path][method]["responses"]["200"]["content"]["application/json"]["example"]

    real = server.ask(photo_of(RED), b"no photo").json()
    told = example("/v1/identify", "post")
    hold(Answers, told)
    hold(Answers, real)
    assert fields(told) >= fields(real)
    product = server.client.get("/v1/products/blue-tea").json()
    hold(ProductAnswer, product)
    hold(ProductAnswer, example("/v1/products/{sku}", "get"))
    assert fields(example("/v1/products/{sku}", "get")) >= fields(product)
    hold(ReleaseAnswer, example("/v1/releases/current", "get"))
    assert fields(example("/v1/releases/current", "get")) == fields(server.client.get("/v1/releases/current").json())


def hold(model: type[BaseModel], told: Any) -> None:
    """A document is of a model's form, and says nothing that the model does not know."""
    written = json.loads(model.model_validate(told).model_dump_json())
    assert fields(written) == fields(told)


def fields(told: Any, path: str = "") -> set[str]:
    """Every key of a document, by its path."""
    if isinstance(told, dict):
        return {
            deeper for name, value in told.items() for deeper in {f"{path}.{name}", *fields(value, f"{path}.{name}")}
        }
    return {deeper for value in told for deeper in fields(value, path)} if isinstance(told, list) else set()


# --- the process


def test_an_encoder_that_is_killed_is_started_again_and_nobody_waits_in_vain(server: ServerUnderTest) -> None:
    for pid in server.encoders():
        os.kill(pid, signal.SIGKILL)
    assert server.ask(photo_of(RED)).status_code in {200, 422}  # 422 where it died over this very photo
    assert server.ask(photo_of(RED)).status_code == 200
    assert server.metric("skuloop_worker_restarts_total") >= 1


def test_the_server_holds_nothing_of_the_loop_nor_the_encoders_framework(tmp_path: Path) -> None:
    write_release(tmp_path / "releases")
    script = tmp_path / "watched.py"
    script.write_text(WATCHED, encoding="utf-8")
    out = tmp_path / "modules.json"
    command = [sys.executable, str(script), str(tmp_path / "releases"), str(out), str(tmp_path / "photo.jpg")]
    (tmp_path / "photo.jpg").write_bytes(photo_of(RED))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SKULOOP_")}
    subprocess.run(command, cwd=CHECKOUT, env=environ | {"PYTHONPATH": str(CHECKOUT)}, check=True, timeout=300)  # noqa: S603 - ourselves
    told = json.loads(out.read_text())
    assert told["status"] == 200
    roots = {name.split(".")[0] for name in told["modules"]}
    assert {"fastapi", "uvicorn", "numpy"} <= roots
    assert not roots & {
        "prefect",
        "duckdb",
        "umap",
        "scrapy",
        "label_studio_sdk",
        "torch",
        "sklearn",
        "warehouse",
        "flows",
    }


WATCHED = """
import json, os, signal, sys, threading, time
import skuloop.main


def watch(out, photo):
    import httpx
    while "serving.http.server" not in sys.modules or not port:
        time.sleep(0.1)
    with httpx.Client(base_url=f"http://127.0.0.1:{port[0]}", timeout=120, trust_env=False) as client:
        status = client.post("/v1/identify", content=open(photo, "rb").read()).status_code
    with open(out, "w") as file:
        json.dump({"status": status, "modules": sorted(sys.modules)}, file)
    os.kill(os.getpid(), signal.SIGTERM)


port = []
if __name__ == "__main__":
    releases, out, photo = sys.argv[1:]
    import skuloop.output
    say = skuloop.output.say

    def heard(line):
        say(line)
        if " is served at " in line:
            port.append(line.rsplit(":", 1)[1])

    skuloop.output.say = heard
    sys.argv = ["skuloop", "serve", "--bundle", releases, "--port", "0"]
    threading.Thread(target=watch, args=(out, photo), daemon=True).start()
    skuloop.main.main()
"""


def test_a_server_told_to_stop_still_answers_what_it_has_begun(tmp_path: Path) -> None:
    write_release(tmp_path / "releases")
    answered: list[int] = []
    with running_server(tmp_path) as server:
        photos = [photo_of(RED, seed) for seed in range(16)]
        asker = threading.Thread(target=lambda: answered.append(server.ask(*photos).status_code))
        asker.start()
        wait_for(lambda: server.metric("skuloop_held_bytes") > 0 or answered, 60)
        server.process.send_signal(signal.SIGTERM)
        asker.join(60)
        with pytest.raises(httpx.TransportError):
            wait_for(lambda: httpx.get(server.url + "/healthz", trust_env=False).status_code != 200, 30)
        assert server.process.wait(60) == 0
    assert answered == [200]


# --- keys, limits, slow callers


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """A server beyond loopback with little patience."""
    folder = tmp_path_factory.mktemp("narrow")
    write_release(folder / "releases")
    told = {"host": "0.0.0.0", "per_minute": 30, "header_seconds": 1, "body_seconds": 1, "connections": 20}  # noqa: S104
    with running_server(folder, waiting=2, held_mib=1, keys_file=str(folder / "keys.json"), **told) as running:
        yield running


def test_beyond_loopback_only_holders_of_a_key_may_ask_and_the_log_knows_no_key(narrow: ServerUnderTest) -> None:
    client, keys = narrow.client, narrow.log.parent
    assert "nobody may ask" in narrow.log.read_text()
    for address in re.findall(r"on this network reach it at (\S+)", narrow.log.read_text()):
        assert httpx.get(f"{address}/healthz", trust_env=False).status_code == 200
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    for path in ("/metrics", "/v1/releases/current", "/v1/products/blue-tea", "/v1/products/blue-tea/references/1"):
        assert problem(client.get(path), 401, "no-key")
    refused = client.post("/v1/identify", content=photo_of(RED), headers={"authorization": "Bearer wrong"})
    problem(refused, 401, "no-key")
    assert refused.headers["www-authenticate"] == "Bearer"
    said = run_skuloop(dict(os.environ), "keys", "add", "cart", "--config", str(keys / "serve.toml"))
    key = said.stdout.strip()
    assert key.startswith("skuloop_")
    headers = {"authorization": f"Bearer {key}"}
    wait_for(lambda: client.get("/v1/releases/current", headers=headers).status_code == 200, 30)
    assert client.post("/v1/identify", content=photo_of(RED), headers=headers).status_code == 200
    listed = run_skuloop(dict(os.environ), "keys", "list", "--json", "--config", str(keys / "serve.toml"))
    assert [held["name"] for held in json.loads(listed.stdout)] == ["cart"]
    for _ in range(40):
        last = client.get("/v1/releases/current", headers=headers)
    problem(last, 429, "too-many-requests")
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert run_skuloop(dict(os.environ), "keys", "remove", "cart", "--config", str(keys / "serve.toml")).returncode == 0
    assert key not in narrow.log.read_text()


def test_headers_and_bodies_that_trickle_are_cut_off(narrow: ServerUnderTest) -> None:
    for sent in (b"", b"GET / HTTP/1.1\r\nhost: a", b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\nGET /"):
        with socket.create_connection(("127.0.0.1", narrow.port), timeout=30) as raw:
            raw.sendall(sent)
            said = b"".join(iter(lambda: raw.recv(65536), b""))
        assert said.endswith(b"}"), "it is over"
        assert b"HTTP/1.1 408" in said or b"200 OK" in said, sent
    with socket.create_connection(("127.0.0.1", narrow.port), timeout=30) as raw:
        raw.sendall(b"POST /v1/identify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\nx")
        said = b"".join(iter(lambda: raw.recv(65536), b""))
    assert said.split()[1] in {b"401", b"429"}, "nothing is read of a stranger's body"


def test_more_connections_than_there_may_be_are_refused_and_the_others_go_on(narrow: ServerUnderTest) -> None:
    held = [socket.create_connection(("127.0.0.1", narrow.port), timeout=30) for _ in range(40)]
    try:
        wait_for(lambda: any(b"503" in _heard(one) for one in held), 20)
    finally:
        for one in held:
            one.close()
    wait_for(lambda: _status(narrow) == 200, 20)


def _heard(one: socket.socket) -> bytes:
    one.settimeout(0.01)
    try:
        return one.recv(100)
    except TimeoutError:
        return b""


def _status(server: ServerUnderTest) -> int:
    try:
        return httpx.get(server.url + "/healthz", trust_env=False).status_code
    except httpx.TransportError:
        return 0


def test_a_slow_body_is_cut_off_and_more_than_may_wait_is_refused_with_a_time_to_come_back(tmp_path: Path) -> None:
    write_release(tmp_path / "releases")
    with running_server(tmp_path, body_seconds=1, waiting=2, held_mib=1, per_minute=0) as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as raw:
            raw.sendall(b"POST /v1/identify HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 90\r\n\r\n")
            begun = time.monotonic()
            raw.sendall(b"x")
            said = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b"HTTP/1.1 408" in said
        assert time.monotonic() - begun < 30
        refused = server.ask(*[photo_of(RED)] * 3)
        problem(refused, 503, "busy")
        assert int(refused.headers["retry-after"]) >= 1
        problem(server.client.post("/v1/identify", content=b"x" * (2**20 + 1)), 503, "busy")
        assert server.metric("skuloop_held_bytes") == 0
        assert server.ask(photo_of(RED)).status_code == 200


def test_a_port_that_is_taken_and_a_folder_without_a_release_are_told_in_one_sentence(tmp_path: Path) -> None:
    write_release(tmp_path / "releases")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SKULOOP_")}
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        said = run_skuloop(environ, "serve", "--bundle", str(tmp_path / "releases"), "--port", port)
    assert (said.returncode, said.stderr.count("error:")) == (69, 1)
    assert "--port" in said.stderr
    said = run_skuloop(environ, "serve", "--bundle", str(tmp_path / "nothing"), "--port", "0")
    assert (said.returncode, said.stderr.count("error:")) == (66, 1)
