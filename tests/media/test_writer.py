import os
import resource
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import av
import numpy as np
import pytest

from stages.frames import main as make_frames
from tests.media.drawn_clips import draw_picture, draw_pictures, frames_settings, write_clip
from understudy.errors import FootageError, SettingsError
from understudy.media.comparison import beside, write_comparison
from understudy.media.encoder import Encoding
from understudy.media.film import FilmFormat, format_of, last_duration_of, stamps_of
from understudy.media.reader import read_frames
from understudy.media.sound import sound_sha256
from understudy.media.writer import write_film
from understudy.params import parse_section
from understudy.payload import payload_sha256
from understudy.tables import FRAMES, metadata_of, read_table

FINE = Encoding(crf=1, preset="ultrafast")
PLAIN = FilmFormat(
    time_base=Fraction(1, 25),
    rate=Fraction(25),
    matrix="bt709",
    is_full_range=False,
    primaries=1,
    transfer=1,
    sample_aspect=Fraction(1),
)


def write_plain(path, pictures, *, like=PLAIN, encoding=FINE, stamps=None, audio_from=None):
    stamps = stamps or range(len(pictures))
    write_film(path, pictures, stamps=stamps, last_duration=1, like=like, encoding=encoding, audio_from=audio_from)
    return path


@pytest.fixture
def table_of(tmp_path):
    def make(footage):
        make_frames(footage=footage, frames=tmp_path / "clip.parquet", settings=frames_settings())
        return read_table(tmp_path / "clip.parquet", FRAMES)

    return make


@pytest.fixture
def film_of(tmp_path, table_of):
    """The film of a clip whose pictures were not changed, and both frames tables."""

    def make(footage):
        table = table_of(footage)
        film = tmp_path / "film.mp4"
        write_film(
            film,
            (image for _, image in read_frames(table)),
            stamps=stamps_of(table),
            last_duration=last_duration_of(table),
            like=format_of(table),
            encoding=FINE,
            audio_from=footage,
        )
        return film, table, table_of(film)

    return make


def uneven_stamps(number):
    steps = np.random.default_rng(0).choice([17, 3000, 3003, 7001], number - 1)
    return list(accumulate(steps.tolist(), initial=0))


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
@pytest.mark.parametrize("start", [0, 15003])
def test_uneven_times_and_start_offsets_are_exactly_the_source_s(tmp_path, film_of, suffix, start):
    stamps = [start + stamp for stamp in uneven_stamps(30)]
    options = {"time_base": Fraction(1, 90000), "container_options": {"movie_timescale": "90000"}}
    clip = write_clip(tmp_path / f"clip.{suffix}", draw_pictures(30), stamps=stamps, sound=["aac"], **options)
    _, before, after = film_of(clip)
    assert before.column("pts").to_pylist() == stamps
    assert after.column("time_s").to_pylist() == before.column("time_s").to_pylist()
    assert after.column("duration_s").to_pylist() == pytest.approx(before.column("duration_s").to_pylist())


@pytest.mark.parametrize("name", ["clip.avi", "clip.mkv", "clip.ts"])
def test_times_survive_from_other_containers(tmp_path, film_of, name):
    _, before, after = film_of(write_clip(tmp_path / name, draw_pictures(12)))
    assert after.column("time_s").to_pylist() == before.column("time_s").to_pylist()


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [
        ("mp4", ["aac", "aac"]),
        ("mov", ["pcm_s16le", "pcm_s24le"]),
        ("mkv", ["libopus", "flac"]),
        ("mkv", ["alac", "pcm_s24le"]),
        ("avi", ["pcm_s16le"]),
        ("avi", ["libmp3lame"]),
        ("mp4", []),
    ],
)
def test_all_sound_is_copied_bit_for_bit(tmp_path, film_of, suffix, codecs):
    clip = write_clip(tmp_path / f"clip.{suffix}", draw_pictures(30), sound=codecs)
    film, before, after = film_of(clip)
    assert sound_sha256(film) == sound_sha256(clip)
    assert len(sound_sha256(film)) == len(codecs)
    assert languages_of(film) == (["und"] if suffix == "avi" else ["eng", "fra"][: len(codecs)])
    assert after.column("time_s").to_pylist() == before.column("time_s").to_pylist()


def languages_of(path):
    with av.open(str(path)) as container:
        return [stream.language for stream in container.streams.audio]


def test_sound_from_a_transport_stream_loses_nothing_but_its_headers(tmp_path, film_of):
    clip = write_clip(tmp_path / "clip.ts", draw_pictures(30), sound=["aac"])
    film, _, _ = film_of(clip)
    before, after = sound_packets(clip), sound_packets(film)
    assert [packet[7:] for packet in before] == after
    assert sound_times(film) == sound_times(clip)


def sound_packets(path):
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_stills_make_a_film_of_their_rate(tmp_path, table_of):
    like = replace(PLAIN, time_base=Fraction(1001, 30000), rate=Fraction(30000, 1001))
    table = table_of(write_plain(tmp_path / "film.mp4", draw_pictures(10), like=like))
    assert table.column("time_s").to_pylist() == [float(index * like.time_base) for index in range(10)]
    assert metadata_of(table)["rate"] == "30000/1001"


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
    try:
        with pytest.raises(OSError, match=r"film\.mp4"):
            write_plain(tmp_path / "film.mp4", draw_pictures(40))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list(tmp_path.iterdir())


def test_sound_keeps_its_distance_to_the_pictures(tmp_path, film_of):
    stamps = [15003 + 3600 * index for index in range(30)]
    options = {"time_base": Fraction(1, 90000), "container_options": {"movie_timescale": "90000"}}
    clip = write_clip(tmp_path / "clip.mp4", draw_pictures(30), stamps=stamps, sound=["aac"], **options)
    film, _, _ = film_of(clip)
    assert sound_times(film) == sound_times(clip)


def sound_times(path):
    with av.open(str(path)) as container:
        return [packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.pts is not None]


def test_sound_that_mp4_cannot_carry_is_named(tmp_path, film_of):
    clip = write_clip(tmp_path / "clip.mov", draw_pictures(3), sound=["pcm_mulaw"])
    with pytest.raises(FootageError, match=r"clip\.mov: its sound is pcm_mulaw.*expected one of aac"):
        film_of(clip)
    assert not list(tmp_path.glob("*film*"))


@pytest.mark.parametrize(
    ("tags", "matrix"), [((1, 1, 1, 1), 1), ((6, 1, 6, 6), 5), ((1, 2, 1, 1), 1), ((9, 1, 9, 14), 9), ((2, 0, 2, 2), 5)]
)
def test_colours_are_tagged_as_they_were_read_and_the_pixels_agree(tmp_path, film_of, tags, matrix):
    pictures = [np.full((48, 64, 3), color, np.uint8) for color in [(200, 40, 40), (40, 180, 60), (50, 60, 200)]]
    clip = write_clip(tmp_path / "clip.mp4", pictures, tags=tags, matrix=matrix, range_=tags[1] or 1)
    film, before, after = film_of(clip)
    written, read = metadata_of(after), metadata_of(before)
    assert (written["matrix"], written["range"]) == (read["matrix"], read["range"])
    assert written["matrix_from"] == written["range_from"] == "tag"
    with av.open(str(film)) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc) == tags[2:]
    read_back = [image for _, image in read_frames(after)]
    assert (
        max(np.abs(image.astype(int) - picture).max() for image, picture in zip(read_back, pictures, strict=True)) <= 4
    )


def test_chroma_is_not_shifted(tmp_path, table_of):
    picture = draw_picture(0, width=320, height=240)
    table = table_of(write_plain(tmp_path / "film.mp4", [picture], encoding=Encoding(crf=0, preset="ultrafast")))
    image = next(read_frames(table))[1]
    assert np.abs(image.astype(int) - picture)[8:-8, 8:-8].mean() < 1  # half a pixel of shift makes it 5


def test_a_turned_source_is_written_upright(tmp_path, film_of):
    clip = write_clip(tmp_path / "clip.mov", draw_pictures(5), rotation=90, aspect=Fraction(4, 3))
    _film, before, after = film_of(clip)
    assert set(before.column("rotation_deg").to_pylist()) == {90}
    assert set(after.column("rotation_deg").to_pylist()) == {0}
    assert (after.column("width")[0].as_py(), after.column("height")[0].as_py()) == (48, 64)
    assert metadata_of(after)["sample_aspect"] == "3/4"
    for (_, image), (_, other) in zip(read_frames(before), read_frames(after), strict=True):
        assert np.abs(image.astype(int) - other).mean() < 3


def test_odd_sizes_gain_a_row_and_a_column(tmp_path, table_of):
    picture = draw_picture(0, width=65, height=49)
    table = table_of(write_plain(tmp_path / "film.mp4", [picture] * 3))
    image = next(read_frames(table))[1]
    assert image.shape == (50, 66, 3)
    assert np.abs(image[:49, :65].astype(int) - picture).mean() < 3


def test_two_runs_write_the_same_bytes_on_one_core_or_all(tmp_path, monkeypatch):
    pictures = draw_pictures(60, width=160, height=128)
    encoding = Encoding(crf=20, preset="medium")
    clip = write_clip(tmp_path / "clip.mp4", pictures[:50], sound=["aac"])
    cores = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cores)})
        monkeypatch.setenv("UNDERSTUDY_THREADS", "1")
        first = write_plain(tmp_path / "1.mp4", pictures, encoding=encoding, audio_from=clip)
    finally:
        os.sched_setaffinity(0, cores)
    monkeypatch.setenv("UNDERSTUDY_THREADS", "4")
    second = write_plain(tmp_path / "2.mp4", pictures, encoding=encoding, audio_from=clip)
    assert first.read_bytes() == second.read_bytes()


def test_the_payload_s_hash_tells_pictures_apart_and_ignores_the_container(tmp_path):
    pictures = draw_pictures(6)
    silent = write_plain(tmp_path / "1.mp4", pictures)
    clip = write_clip(tmp_path / "clip.mp4", pictures, sound=["aac"])
    assert payload_sha256(silent) == payload_sha256(write_plain(tmp_path / "2.mp4", pictures, audio_from=clip))
    pictures[3] = pictures[3][::-1]
    assert payload_sha256(silent) != payload_sha256(write_plain(tmp_path / "3.mp4", pictures))


@pytest.mark.parametrize(
    "values", [{"crff": 18, "preset": "fast"}, {"crf": 18, "preset": "fats"}, {"crf": 99, "preset": "fast"}]
)
def test_misspelt_and_impossible_encodings_are_refused(values):
    with pytest.raises(SettingsError):
        parse_section(Encoding, values, where="shots.encoding")


def test_an_option_that_x264_did_not_take_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("understudy.media.encoder._X264", "threads=4:lookahead-thread=1:sliced-threads=0")
    with pytest.raises(ValueError, match="x264 did not take its options"):
        write_plain(tmp_path / "film.mp4", draw_pictures(3))
    assert not list(tmp_path.iterdir())


def test_what_a_decoder_says_meanwhile_is_no_complaint_of_x264(tmp_path):
    def decoded():
        for picture in draw_pictures(3):
            av.logging.log(av.logging.ERROR, "h264", "co located POCs unavailable")
            yield picture

    assert write_plain(tmp_path / "film.mp4", decoded(), stamps=range(3)).exists()


@pytest.mark.parametrize("crf", [0, 16, 23.5])
def test_one_picture_and_every_crf_can_be_written(tmp_path, table_of, crf):
    film = write_plain(tmp_path / "film.mp4", draw_pictures(1), encoding=Encoding(crf=crf, preset="fast"))
    assert table_of(film).num_rows == 1


def test_pictures_of_two_sizes_make_no_film(tmp_path):
    pictures = [draw_picture(0), draw_picture(1, width=32)]
    with pytest.raises(FootageError, match="one size: the picture at 1 is 32x48"):
        write_plain(tmp_path / "film.mp4", pictures)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [0, 2, 4])
def test_more_or_fewer_pictures_than_stamps_make_no_film(tmp_path, number):
    with pytest.raises(ValueError):
        write_plain(tmp_path / "film.mp4", draw_pictures(number), stamps=[0, 1, 2])
    assert not list(tmp_path.iterdir())


def test_stamps_must_increase(tmp_path):
    with pytest.raises(FootageError, match="strictly increasing"):
        write_plain(tmp_path / "film.mp4", draw_pictures(3), stamps=[0, 2, 2])


def test_a_comparison_stands_side_by_side_under_titles(tmp_path, table_of):
    picture = draw_picture(0, width=96, height=72)
    row = beside([picture, picture[:, :48], picture], titles=["performance", "swap", "true swap"], height_px=72)
    assert row.shape == (78, 240, 3)
    assert np.array_equal(row[6:, :96], picture)
    film = tmp_path / "film.mp4"
    rows = ([draw_picture(index), draw_picture(index, seed=1)] for index in range(4))
    options = {"stamps": range(4), "last_duration": 1, "like": PLAIN, "encoding": FINE, "audio_from": None}
    write_comparison(film, rows, titles=["one", "two"], height_px=96, **options)
    table = table_of(film)
    assert (table.num_rows, table.column("width")[0].as_py()) == (4, 256)
