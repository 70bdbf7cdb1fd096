import os
import random
import subprocess
import sys
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import pytest

from stages.frames import main
from tests.media.drawn_clips import draw_picture, draw_pictures, frames_settings, write_clip
from understudy.errors import FootageError
from understudy.media.reader import pixels_sha256, read_frames
from understudy.tables import FRAMES, metadata_of, read_table

TICKS = Fraction(1, 90000)
REALTIME = {"deadline": "realtime", "cpu-used": "8"}


@pytest.fixture
def frames_of(tmp_path):
    def make(footage, **settings):
        table = tmp_path / "tables" / "clip.parquet"
        main(footage=footage, frames=table, settings=frames_settings(**settings))
        return read_table(table, FRAMES)

    return make


def reasons_of(table):
    return table.column("reason").to_pylist()


def cut_file(path, share, *, name):
    content = path.read_bytes()
    shorter = path.with_name(name)
    shorter.write_bytes(content[: int(len(content) * share)])
    return shorter


def flip_bits(path, *, number=12, name, seed=3):
    content, generator = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(number):
        content[generator.randrange(len(content) // 6, len(content) * 4 // 5)] ^= 1 << generator.randrange(8)
    damaged = path.with_name(name)
    damaged.write_bytes(content)
    return damaged


def start_later(path, *, by_s, name):
    """The same packets with an edit list that begins in the middle of a group of pictures."""
    later = path.with_name(name)
    with av.open(str(path)) as source, av.open(str(later), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                shift = int(by_s / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, stream
                target.mux(packet)
    return later


def test_every_frame_is_a_row_with_the_hash_of_its_pixels(tmp_path, frames_of):
    table = frames_of(write_clip(tmp_path / "clip.mp4", draw_pictures(25), tags=(1, 1, 1, 1), matrix=1))
    assert table.schema.names == FRAMES.names
    assert table.column("frame").to_pylist() == list(range(25))
    assert set(table.column("clip").to_pylist()) == {"clip"}
    hashes = [pixels_sha256(image) for _, image in read_frames(table)]
    assert table.column("pixels_sha256").to_pylist() == hashes
    assert len(set(hashes)) == 25
    assert table.column("is_keyframe").to_pylist() == [index % 10 == 0 for index in range(25)]
    assert reasons_of(table) == [None] * 25
    assert metadata_of(table)["matrix"] == "bt709"


def test_two_runs_write_the_same_bytes(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(10), sound=["aac"])
    main(footage=clip, frames=tmp_path / "1" / "clip.parquet", settings=frames_settings())
    main(footage=clip, frames=tmp_path / "2" / "clip.parquet", settings=frames_settings())
    assert (tmp_path / "1" / "clip.parquet").read_bytes() == (tmp_path / "2" / "clip.parquet").read_bytes()


def test_the_table_does_not_depend_on_where_the_project_lies(tmp_path, monkeypatch):
    written = []
    for place in ("here", "there"):
        top = tmp_path / place
        (top / "data" / "raw").mkdir(parents=True)
        write_clip(top / "data" / "raw" / "ada.mp4", draw_pictures(3))
        monkeypatch.chdir(top)
        main(footage=Path("data/raw/ada.mp4"), frames=Path("ada.parquet"), settings=frames_settings())
        assert metadata_of(read_table(Path("ada.parquet"), FRAMES))["footage"] == "data/raw/ada.mp4"
        written.append(Path("ada.parquet").read_bytes())
    assert written[0] == written[1]


def test_uneven_times_are_exact(tmp_path, frames_of):
    steps = random.Random(1).choices([17, 3000, 3003, 7001], k=30)
    stamps = list(accumulate(steps, initial=90_000 * 3 + 7))
    clip = write_clip(
        tmp_path / "clip.mp4",
        draw_pictures(31),
        stamps=stamps,
        time_base=TICKS,
        container_options={"movie_timescale": "90000"},
    )
    table = frames_of(clip)
    assert table.column("pts").to_pylist() == stamps
    assert table.column("time_s").to_pylist() == [float(stamp * TICKS) for stamp in stamps]
    assert table.column("duration_s").to_pylist()[:-1] == [float(step * TICKS) for step in steps]


def test_an_edit_list_is_obeyed(tmp_path, frames_of):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(50))
    whole = frames_of(clip).column("pixels_sha256").to_pylist()
    table = frames_of(start_later(clip, by_s=Fraction(9, 25), name="later.mp4"))
    assert table.column("pixels_sha256").to_pylist() == whole[9:]
    assert table.column("time_s").to_pylist() == pytest.approx([index / 25 for index in range(41)])
    assert reasons_of(table) == [None] * 41
    assert [frame for frame, _ in read_frames(table, indices=[0, 1, 25])] == [0, 1, 25]


def test_a_cut_begins_a_new_scene(tmp_path, frames_of):
    pictures = draw_pictures(12, width=160, height=96) + draw_pictures(12, seed=1, width=160, height=96)
    table = frames_of(write_clip(tmp_path / "clip.mp4", pictures))
    assert table.column("scene").to_pylist() == [0] * 12 + [1] * 12


@pytest.mark.parametrize("policy", ["refuse", "mark", "accept"])
def test_interlaced_footage_is_refused_marked_or_accepted(tmp_path, frames_of, policy):
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(6), options={"flags": "+ildct+ilme", "x264-params": "tff=1"})
    if policy == "refuse":
        with pytest.raises(FootageError, match=r"interlaced \(6 of 6 frames\), expected progressive"):
            frames_of(clip, interlaced=policy)
    else:
        reason = "frame is interlaced" if policy == "mark" else None
        assert reasons_of(frames_of(clip, interlaced=policy)) == [reason] * 6


def no_footage(folder):
    return folder / "clip.mp4"


def empty_file(folder):
    (folder / "clip.mp4").write_bytes(b"")
    return folder / "clip.mp4"


def text_file(folder):
    (folder / "clip.mp4").write_text("not a video\n" * 100)
    return folder / "clip.mp4"


def subtitles(folder):
    (folder / "clip.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nhello\n\n")
    return folder / "clip.srt"


def sound_only(folder):
    write_clip(folder / "with.mp4", draw_pictures(5), sound=["aac"])
    with av.open(str(folder / "with.mp4")) as source, av.open(str(folder / "clip.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    return folder / "clip.mp4"


def half_without_index(folder):
    return cut_file(write_clip(folder / "whole.mp4", draw_pictures(50)), 0.5, name="clip.mp4")


def no_size(folder):
    content = write_clip(folder / "whole.ts", draw_pictures(5)).read_bytes()
    (folder / "clip.ts").write_bytes(content[: 188 * 3])
    return folder / "clip.ts"


def empty_folder(folder):
    (folder / "stills").mkdir()
    return folder / "stills"


def two_sizes(folder):
    first = write_clip(folder / "1.ts", draw_pictures(10))
    second = write_clip(folder / "2.ts", draw_pictures(10, width=32, height=32))
    (folder / "clip.ts").write_bytes(first.read_bytes() + second.read_bytes())
    return folder / "clip.ts"


@pytest.mark.parametrize(
    ("footage", "message"),
    [
        (no_footage, "no such footage; put a video or a folder of stills there"),
        (empty_file, "the file is empty"),
        (text_file, "not a video that can be read"),
        (subtitles, "holds no picture stream, only subtitle"),
        (sound_only, "holds no picture stream, only audio"),
        (half_without_index, "not a video that can be read"),
        (no_size, "its picture is 0 pixels large"),
        (empty_folder, "a folder without stills"),
        (two_sizes, "expected one size"),
    ],
)
def test_footage_that_cannot_be_read_is_one_clear_line(tmp_path, frames_of, footage, message):
    path = footage(tmp_path)
    with pytest.raises(FootageError) as raised:
        frames_of(path)
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "tables").exists()


def truncated_index(folder):
    whole = write_clip(folder / "whole.mp4", draw_pictures(50), container_options={"movflags": "+faststart"})
    return cut_file(whole, 0.6, name="clip.mp4")


def truncated_mkv(folder):
    return cut_file(write_clip(folder / "whole.mkv", draw_pictures(50)), 0.5, name="clip.mkv")


def truncated_webm(folder):
    whole = write_clip(folder / "whole.webm", draw_pictures(50), codec="libvpx-vp9", options=REALTIME)
    return cut_file(whole, 0.5, name="clip.webm")


def gap_in_stream(folder):
    content = write_clip(folder / "whole.ts", draw_pictures(100)).read_bytes()
    start = len(content) // 188 // 3 * 188
    (folder / "clip.ts").write_bytes(content[:start] + content[start + 6 * 188 :])
    return folder / "clip.ts"


def flipped_h264(folder):
    return flip_bits(write_clip(folder / "whole.mp4", draw_pictures(100)), name="clip.mp4")


def flipped_vp9(folder):
    whole = write_clip(folder / "whole.webm", draw_pictures(100), codec="libvpx-vp9", options=REALTIME)
    return flip_bits(whole, name="clip.webm")


def flipped_ffv1(folder):
    options = {"slicecrc": "1", "level": "3"}
    return flip_bits(
        write_clip(folder / "whole.mkv", draw_pictures(60), codec="ffv1", options=options), name="clip.mkv"
    )


DAMAGE = [
    truncated_index,
    truncated_mkv,
    truncated_webm,
    gap_in_stream,
    flipped_h264,
    flipped_vp9,
    flipped_ffv1,
]


@pytest.mark.parametrize("footage", DAMAGE)
def test_damaged_footage_is_refused(tmp_path, frames_of, footage):
    with pytest.raises(FootageError, match=r"damaged: \d+ signs in \d+ frames, the first: .*; copy the footage again"):
        frames_of(footage(tmp_path))
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize("footage", DAMAGE)
def test_damaged_footage_can_be_marked_and_read(tmp_path, frames_of, footage, capsys):
    table = frames_of(footage(tmp_path), damage="mark")
    assert "clip." in capsys.readouterr().err
    has_hash = [digest is not None for digest in table.column("pixels_sha256").to_pylist()]
    assert [frame for frame, _ in read_frames(table)] == [frame for frame, known in enumerate(has_hash) if known]
    for reason, known in zip(reasons_of(table), has_hash, strict=True):
        assert known or reason.startswith("frame cannot be decoded: ")
        assert reason is None or reason.startswith(("frame cannot be decoded: ", "frame is damaged: "))
    stamps = table.column("pts").to_pylist()
    assert stamps == sorted(set(stamps))


def test_frames_missing_from_a_stream_keep_their_place(tmp_path, frames_of):
    table = frames_of(gap_in_stream(tmp_path), damage="mark")
    whole = frames_of(tmp_path / "whole.ts")
    assert table.column("pts").to_pylist() == whole.column("pts").to_pylist()
    same = [
        left == right
        for left, right in zip(*(t.column("pixels_sha256").to_pylist() for t in (table, whole)), strict=True)
    ]
    assert all(is_same or reason for is_same, reason in zip(same, reasons_of(table), strict=True))


def test_damage_spreads_to_the_next_keyframe(tmp_path, frames_of):
    table = frames_of(flipped_h264(tmp_path), damage="mark")
    whole = frames_of(tmp_path / "whole.mp4").column("pixels_sha256").to_pylist()
    digests = table.column("pixels_sha256").to_pylist()
    spread = [index for index, reason in enumerate(reasons_of(table)) if "may be predicted" in (reason or "")]
    assert any(digests[index] != whole[index] for index in spread)
    assert not any(table.column("is_keyframe")[index].as_py() for index in spread)


def test_a_clean_cut_inside_a_group_of_pictures_is_no_damage(tmp_path, frames_of, capsys):
    content = write_clip(tmp_path / "whole.ts", draw_pictures(60)).read_bytes()
    (tmp_path / "clip.ts").write_bytes(content[(len(content) // 188 // 4 + 5) * 188 :])
    table = frames_of(tmp_path / "clip.ts")
    assert reasons_of(table) == [None] * table.num_rows
    assert int(metadata_of(table)["num_before_first_key"]) > 0
    assert "before its first keyframe cannot be shown" in capsys.readouterr().err


def test_a_dropped_frame_in_sound_footage_is_remarked(tmp_path, frames_of, capsys):
    stamps = [index + (3 if index > 15 else 0) for index in range(30)]
    table = frames_of(write_clip(tmp_path / "clip.mp4", draw_pictures(30), stamps=stamps))
    assert table.num_rows == 30
    assert table.column("duration_s")[15].as_py() == pytest.approx(4 / 25)
    assert "nothing for 3 frames after 0.600 s" in capsys.readouterr().err


def test_joined_streams_lose_no_frame_in_silence(tmp_path, frames_of):
    first = write_clip(tmp_path / "1.ts", draw_pictures(20)).read_bytes()
    second = write_clip(tmp_path / "2.ts", [draw_picture(index, seed=1) for index in range(20)]).read_bytes()
    (tmp_path / "clip.ts").write_bytes(first + second)
    with pytest.raises(FootageError, match="damaged"):
        frames_of(tmp_path / "clip.ts")
    table = frames_of(tmp_path / "clip.ts", damage="mark")
    assert metadata_of(table)["addressing"] == "count"
    assert table.num_rows == len(list(read_frames(table))) == 40


def test_an_error_is_one_line_and_exit_status_1(tmp_path):
    (tmp_path / "params.yaml").write_text("frames: {cut: 0.4, stills_rate: '25', damage: refuse, interlaced: refuse}\n")
    top = Path(__file__).parents[2]
    command = [sys.executable, str(top / "stages" / "frames.py"), "--footage", "none.mp4", "--frames", "none.parquet"]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(top)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "frames: none.mp4: no such footage; put a video or a folder of stills there\n"
    assert not (tmp_path / "none.parquet").exists()


@pytest.mark.skipif("UNDERSTUDY_CLIPS" not in os.environ, reason="UNDERSTUDY_CLIPS names no folder of real footage")
@pytest.mark.parametrize(
    ("name", "number", "scene_starts"),
    [
        ("d3.mp4", 354, []),
        ("d18.mp4", 216, []),
        ("s32.mp4", 180, []),
        ("hamilton.mp4", 275, [20, 82, 211]),
        ("painting.mp4", 91, []),
    ],
)
def test_real_footage_has_all_its_frames_and_cuts(frames_of, name, number, scene_starts):
    table = frames_of(Path(os.environ["UNDERSTUDY_CLIPS"]) / name)
    scenes = table.column("scene").to_pylist()
    assert table.num_rows == number
    assert [frame for frame in range(1, number) if scenes[frame] != scenes[frame - 1]] == scene_starts
    assert reasons_of(table) == [None] * number
