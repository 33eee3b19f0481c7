"""Frames of videos: the right ones, upright, and a clear reason for whatever is no video we take."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recognition.errors import UnreadablePictureError
from recognition.pictures.frames import Sampling, VideoLimits, container_of, is_video, read_frames
from recognition.vocabulary import PictureReason
from tests.support.videos import held_upright, write_video

SIZE = (160, 96)
STANDARD = VideoLimits()
COLOURS = ("red", "green", "blue", "white")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds: red, green, blue, white."""
    pictures = [Image.new("RGB", SIZE, colour) for colour in COLOURS for _ in range(10)]
    return write_video(tmp_path_factory.mktemp("video") / "clip.mp4", pictures)


def reason(path: Path, limits: VideoLimits = STANDARD) -> PictureReason:
    with pytest.raises(UnreadablePictureError) as caught:
        list(read_frames(path, limits=limits))
    return caught.value.reason


def colour_of(picture: Image.Image) -> str:
    middle = np.asarray(picture, dtype=int)[picture.height // 2, picture.width // 2]
    named = {"red": (255, 0, 0), "green": (0, 128, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
    return min(named, key=lambda name: int(np.abs(middle - named[name]).sum()))


def test_each_second_gives_the_frame_that_is_shown_then(clip):
    frames = list(read_frames(clip))
    assert [frame.second for frame in frames] == [0.0, 1.0, 2.0, 3.0]
    assert [colour_of(frame.picture) for frame in frames] == list(COLOURS)
    assert {frame.picture.size for frame in frames} == {SIZE}
    assert frames[0].duration == pytest.approx(4.0, abs=0.2)


def test_an_interval_shorter_than_a_frame_gives_every_frame(clip):
    assert len(list(read_frames(clip, Sampling(every=0.01)))) == 40


def test_frames_of_an_unchanged_scene_are_left_out(clip):
    frames = list(read_frames(clip, Sampling(every=0.1, least_change=0.05)))
    assert [colour_of(frame.picture) for frame in frames] == list(COLOURS)


def test_a_video_that_was_held_upright_is_not_identified_lying_down(tmp_path):
    picture = Image.new("RGB", SIZE, "white")
    picture.paste("red", (0, 0, SIZE[0] // 2, SIZE[1]))
    held_upright(write_video(tmp_path / "held.mp4", [picture] * 10))
    (frame,) = read_frames(tmp_path / "held.mp4")
    assert frame.picture.size == (SIZE[1], SIZE[0])
    assert colour_of(frame.picture.crop((0, 0, SIZE[1], 40))) == "red"  # left goes up when turned with the clock


@pytest.mark.parametrize(("name", "codec"), [("clip.webm", "libvpx"), ("clip.mkv", "mpeg4"), ("clip.avi", "mjpeg")])
def test_what_browsers_and_cameras_record_is_read(tmp_path, name, codec):
    pictures = [Image.new("RGB", SIZE, "blue")] * 5
    path = write_video(tmp_path / name, pictures, codec=codec) if codec != "mjpeg" else _motion_jpeg(tmp_path / name)
    (frame,) = read_frames(path)
    assert colour_of(frame.picture) == "blue"


def _motion_jpeg(path: Path) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=10)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuvj420p"
        container.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", SIZE, "blue"))))
        container.mux(stream.encode())
    return path


def test_what_is_no_video_says_so(tmp_path):
    picture = tmp_path / "photo.mp4"
    Image.new("RGB", SIZE).save(picture, format="JPEG")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    assert reason(tmp_path / "absent.mp4") is PictureReason.MISSING
    assert reason(tmp_path) is PictureReason.MISSING
    assert reason(picture) is PictureReason.UNSUPPORTED_FORMAT
    assert reason(empty) is PictureReason.UNSUPPORTED_FORMAT
    assert not is_video(picture)


def test_a_picture_in_the_same_kind_of_box_is_not_taken_for_a_video(tmp_path, clip):
    picture = tmp_path / "photo.avif"
    Image.new("RGB", SIZE).save(picture)
    assert not is_video(picture)
    assert is_video(clip)


def test_a_playlist_in_the_clothes_of_a_video_opens_no_other_file(tmp_path, clip):
    playlist = tmp_path / "clip.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{clip}\n#EXT-X-ENDLIST\n")
    assert reason(playlist) is PictureReason.UNSUPPORTED_FORMAT
    playlist.write_bytes(b"\0\0\0\x14ftypisom" + playlist.read_bytes())
    assert reason(playlist) is PictureReason.UNREADABLE


def test_sound_alone_is_no_video(tmp_path):
    import av

    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert reason(tmp_path / "sound.mp4") is PictureReason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (VideoLimits(max_bytes=100), PictureReason.TOO_LARGE),
        (VideoLimits(max_pixels=100), PictureReason.TOO_LARGE),
        (VideoLimits(min_side=200), PictureReason.TOO_SMALL),
    ],
)
def test_a_video_over_a_limit_is_refused(clip, limits, expected):
    assert reason(clip, limits) is expected


def test_a_video_that_needs_more_memory_than_it_may_is_refused_wherever_its_reader_notices(clip):
    refused = reason(clip, VideoLimits(max_memory=64 * 1024**2))
    assert refused in {PictureReason.TOO_LARGE, PictureReason.UNREADABLE}  # the latter where a decoder dies of it


def test_a_video_is_read_as_far_as_its_limits_go(clip):
    assert len(list(read_frames(clip, limits=VideoLimits(max_seconds=1.5)))) == 2
    assert len(list(read_frames(clip, limits=VideoLimits(max_frames=3)))) == 3


def test_a_video_cut_off_on_the_way_gives_what_is_whole_and_then_a_reason(tmp_path, clip):
    whole = write_video(tmp_path / "whole.mkv", [Image.effect_noise(SIZE, 90).convert("RGB") for _ in range(40)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    frames = []
    with suppress(UnreadablePictureError):
        frames.extend(read_frames(cut))
    assert 1 <= len(frames) < 4
    cut.write_bytes(clip.read_bytes()[:300])
    assert reason(cut) is PictureReason.UNREADABLE


def test_whoever_stops_early_leaves_no_process_behind(clip):
    frames = read_frames(clip, Sampling(every=0.01))
    next(frames)
    frames.close()  # would wait for ever for a process that is still writing, and warn of one that is left


def test_flipped_bytes_end_in_frames_or_in_a_reason(tmp_path, clip):
    random, data = np.random.default_rng(5), clip.read_bytes()
    for _ in range(6):
        damaged = bytearray(data)
        for at in random.integers(32, len(data), size=20).tolist():
            damaged[at] = int(random.integers(256))
        path = tmp_path / "damaged.mp4"
        path.write_bytes(bytes(damaged))
        with suppress(UnreadablePictureError):
            list(read_frames(path))


def test_no_box_is_too_short_to_be_looked_at():
    assert container_of(b"") is None
    assert container_of(b"RIFF") is None
