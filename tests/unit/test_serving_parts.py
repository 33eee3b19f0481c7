"""The parts of the HTTP API that need no server: keys, limits, the queue, what is kept, what encoders say."""

import asyncio
import multiprocessing
import stat
from pathlib import Path

import numpy as np
import pytest

from recognition.isolation.protocol import Box
from recognition.vocabulary import PictureReason, Verdict
from serving.answers import Found, Identification
from serving.errors import KeysError
from serving.http.keeping import Keeper
from serving.http.keys import KeyRing, add_key, read_keys, remove_key
from serving.http.options import Keeping, is_loopback
from serving.http.problems import ProblemError, ProblemType
from serving.http.queue import PhotoQueue
from serving.http.rate import RateLimit, address_of
from serving.http.wire import Deed, Refused, Report, Task, receive_report, receive_task, send_report, send_task
from serving.looker import Looked

BOX = Box(0, 0, 9, 9)


def answered(*verdicts: Verdict) -> Identification:
    found = tuple(Found(BOX, verdict, 0.5, None, ()) for verdict in verdicts)
    return Identification("r1", (9, 9), isolated=False, found=found)


# --- keys


def test_a_key_is_nowhere_in_its_file_and_only_its_owner_may_read_that(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    key = add_key(path, "cart")
    assert key not in path.read_text()
    assert key.removeprefix("skuloop_") not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ring = KeyRing(path)
    assert ring.holder(key) == "cart"
    assert ring.holder(key[:-1]) is None
    assert ring.holder("") is None


def test_a_removed_key_is_refused_without_a_restart_and_a_damaged_file_lets_nobody_in(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    first, second = add_key(path, "first"), add_key(path, "second")
    ring = KeyRing(path)
    remove_key(path, "first")
    ring.refresh()
    assert (ring.holder(first), ring.holder(second)) == (None, "second")
    path.write_text("[{")
    ring.refresh()
    assert ring.holder(second) is None
    with pytest.raises(KeysError, match="cannot be read"):
        read_keys(path)


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\n", "x" * 65])
def test_a_name_that_would_not_be_found_again_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(KeysError, match="cannot name a key"):
        add_key(tmp_path / "keys.json", name)


def test_two_keys_of_one_name_are_refused_and_so_is_removing_what_is_not_there(tmp_path: Path) -> None:
    add_key(tmp_path / "keys.json", "cart")
    with pytest.raises(KeysError, match="already"):
        add_key(tmp_path / "keys.json", "cart")
    with pytest.raises(KeysError, match="no key 'phone'"):
        remove_key(tmp_path / "keys.json", "phone")


# --- limits


def test_only_this_machine_is_let_in_without_a_key() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.0.2.1", "shop", "localhost.shop")))  # noqa: S104 - a name


def test_who_asks_too_much_is_told_when_to_come_back_and_others_are_not_touched() -> None:
    rate = RateLimit(5)
    rate.spend("one", 5)
    with pytest.raises(ProblemError) as refused:
        rate.spend("one")
    assert refused.value.type is ProblemType.TOO_MANY_REQUESTS
    assert 1 <= int(refused.value.headers["retry-after"]) <= 60
    rate.spend("another", 5)
    RateLimit(0).spend("one", 10**9)


def test_one_network_of_ipv6_is_one_caller() -> None:
    assert address_of("2001:db8::1") == address_of("2001:db8::ffff:2") != address_of("2001:db8:0:1::1")
    assert address_of("192.0.2.1") != address_of("192.0.2.2")
    assert address_of(None) == "unknown"


# --- the queue


def test_photos_are_shared_between_workers_and_no_batch_grows_over_its_limit() -> None:
    async def course() -> list[int]:
        queue = PhotoQueue(room=64, takers=2)
        queue.put([b"x"] * 21, 8)
        return [len(await queue.take(8, 0)) for _ in range(4)]

    assert asyncio.run(course()) == [8, 7, 3, 2]


def test_a_request_that_finds_no_room_waits_not_at_all_and_the_queue_stays_as_it_was() -> None:
    async def course() -> None:
        queue = PhotoQueue(room=4, takers=1)
        queue.put([b"x"] * 3, 8)
        with pytest.raises(ProblemError) as refused:
            queue.put([b"x"] * 2, 8)
        assert refused.value.problem.status == 503
        assert int(refused.value.headers["retry-after"]) >= 1
        assert len(queue) == 3

    asyncio.run(course())


def test_a_photo_whose_caller_has_left_is_not_looked_at_and_different_wishes_never_share_a_batch() -> None:
    async def course() -> list[tuple[bytes, int]]:
        queue = PhotoQueue(room=9, takers=1)
        (left,) = queue.put([b"left"], 8)
        queue.put([b"one"], 1)
        queue.put([b"eight"], 8)
        left.cancel()
        return [
            (waiting.photo, len(batch)) for _ in range(2) for batch in [await queue.take(8, 0)] for waiting in batch
        ]

    assert asyncio.run(course()) == [(b"one", 1), (b"eight", 1)]


# --- what encoders say


def test_what_an_encoder_saw_arrives_bit_by_bit() -> None:
    ours, theirs = multiprocessing.Pipe()
    rows = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    looks = (
        Looked((9, 7), (), rows[:1]),
        Refused(PictureReason.TOO_SMALL, "tiny"),
        Looked((5, 6), (BOX,), rows[1:]),
    )
    send_task(ours, Task((b"a", b"", b"c"), 3))
    assert receive_task(theirs) == Task((b"a", b"", b"c"), 3, Deed.LOOK)
    send_report(theirs, Report(looks, {"decode": 0.5}))
    report = receive_report(ours)
    assert report.seconds == {"decode": 0.5}
    assert report.looks[1] == looks[1]
    for got, sent in ((report.looks[0], looks[0]), (report.looks[2], looks[2])):
        assert isinstance(got, Looked)
        assert isinstance(sent, Looked)
        assert (got.size, got.boxes) == (sent.size, sent.boxes)
        assert np.array_equal(got.vectors, sent.vectors)


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"looks": [{"rows": 2}], "seconds": {}}', b'{"looks": 3}'])
def test_an_encoder_that_talks_nonsense_is_never_believed(said: bytes) -> None:
    ours, theirs = multiprocessing.Pipe()
    theirs.send_bytes(said)
    theirs.send_bytes(b"")
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        receive_report(ours)


# --- what is kept


def test_only_doubtful_photos_are_kept_once_each_and_the_oldest_go_first(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"not ours")
    keeper = Keeper(Keeping(tmp_path, photos=2, bytes=10))
    keeper.offer(b"certain", answered(Verdict.SURE))
    for photo in (b"one", b"one", b"two", b"three"):
        keeper.offer(photo, answered(Verdict.SURE, Verdict.UNSURE))
    kept = []
    while (keepsake := keeper.next()) is not None:
        keeper.keep(keepsake, b"jpeg")
        kept.append(keepsake.name)
    assert len(kept) == 3
    assert {path.name for path in tmp_path.iterdir()} == {"holiday.jpg", *kept[1:]}
    keeper.offer(b"three", answered(Verdict.UNSEEN))
    assert keeper.next() is None
    again = Keeper(Keeping(tmp_path, photos=2, bytes=10))
    again.offer(b"four", answered(Verdict.UNSEEN))
    keepsake = again.next()
    assert keepsake is not None
    again.keep(keepsake, b"too big!")
    assert {path.name for path in tmp_path.iterdir()} == {"holiday.jpg", keepsake.name}


def test_photos_that_wait_to_be_kept_are_bounded(tmp_path: Path) -> None:
    keeper = Keeper(Keeping(tmp_path, photos=1000, bytes=10**9))
    for at in range(100):
        keeper.offer(bytes([at]) * 2**22, answered(Verdict.UNSURE))
    waiting = 0
    while keeper.next() is not None:
        waiting += 1
    assert waiting == 16
