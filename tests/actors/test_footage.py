"""The committed footage: what it is, that it is what the renderer draws, and that references show one face."""

import importlib.util
from functools import cache
from pathlib import Path

import av
import cv2
import dlib
import numpy as np
import pytest
import yaml
from av.video.reformatter import ColorRange, Colorspace, Interpolation

from understudy.actors.clip import write_clip
from understudy.actors.footage import SAMPLE_RATE
from understudy.actors.performance import Performance, performance
from understudy.actors.sample import (
    PORTRAIT_PX,
    SAMPLE,
    TINY,
    drawn_portrait,
    rendered_frame,
)
from understudy.actors.voice import hum
from understudy.files import sha256_of
from understudy.geometry import eye_opening, mouth_opening
from understudy.tables import TRUTH, points_of, read_table

ROOT = Path(__file__).parents[2]
TAKES = [(ROOT, take) for take in SAMPLE] + [(ROOT / "tests/tiny", take) for take in TINY]
BT709 = LIMITED = 1


EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT


def psnr_db(first, second):
    return float(10 * np.log10(255**2 / np.mean((first.astype(float) - second) ** 2)))


@cache
def portraits(name):
    """The reference picture as it is committed and as it is drawn here: (400, 400, 3) RGB uint8 each."""
    committed = cv2.cvtColor(cv2.imread(str(ROOT / f"people/{name}.png")), cv2.COLOR_BGR2RGB)
    take = next(take for take in SAMPLE if take.name == name)
    return committed, drawn_portrait(take, size=PORTRAIT_PX).image


def nth_frame(path, index):
    return next(image for position, image in enumerate(decoded(path)) if position == index)


def decoded(path):
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(
                format="rgb24",
                interpolation=EXACT,
                src_colorspace=Colorspace.ITU709,
                src_color_range=ColorRange.MPEG,
                threads=1,
            )


@pytest.mark.parametrize(("root", "take"), TAKES, ids=lambda value: getattr(value, "name", ""))
def test_committed_clips_are_tagged_and_have_sound_as_long_as_the_picture(root, take):
    with av.open(str(root / f"data/raw/{take.name}.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (BT709, BT709, BT709, LIMITED)
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")
        assert (context.height, context.width) == take.size
        assert (video.frames, float(video.average_rate)) == (take.num_frames, 25.0)
        seconds = float(audio.duration * audio.time_base)
        assert abs(seconds - take.num_frames / 25) < 0.05


@pytest.mark.parametrize("name", ["ada", "bo"])
def test_a_reference_picture_drawn_again_has_the_committed_pixels(name):
    """Pixels are stored without loss here; another processor may round a few of them otherwise."""
    committed, drawn = portraits(name)
    difference = np.abs(committed.astype(int) - drawn).max(-1)
    assert (difference > 1).mean() < 0.001


@pytest.mark.parametrize(("name", "frame_index"), [("ada", 40), ("bo", 3), ("bo", 200)])
def test_a_frame_drawn_again_is_the_one_that_was_committed(name, frame_index):
    """The committed clip is lossy, so pixels can only be close to it (36 dB is film grain at this quality)."""
    take = next(take for take in SAMPLE if take.name == name)
    drawn = rendered_frame(take, name, frame_index)
    truth = read_table(ROOT / f"data/raw/truth/{name}.parquet", TRUTH)
    np.testing.assert_allclose(points_of(truth)[frame_index], drawn.points, atol=0.01)
    assert psnr_db(drawn.image, nth_frame(ROOT / f"data/raw/{name}.mp4", frame_index)) > 36


def test_the_true_swap_drawn_again_is_the_one_that_was_committed():
    bo = SAMPLE[1]
    truth = read_table(ROOT / "data/raw/truth/bo.parquet", TRUTH)
    assert truth.column("true_swap_frame").to_pylist() == list(range(bo.num_frames))
    drawn = rendered_frame(bo, "ada", 120).image
    assert psnr_db(drawn, nth_frame(ROOT / "data/raw/truth/bo.ada-for-bo.mp4", 120)) > 38


@pytest.mark.parametrize("root", [ROOT, ROOT / "tests/tiny"], ids=["sample", "tiny"])
@pytest.mark.parametrize("name", ["ada", "bo"])
def test_consent_records_name_their_document_and_show_one_face(root, name):
    record = yaml.safe_load((root / f"people/{name}.yaml").read_text())
    assert record["consent"]["sha256"] == sha256_of(root / "people" / record["consent"]["document"])
    assert ("likeness" in record["allows"]) == (name == "ada")
    detector = dlib.get_frontal_face_detector()
    for reference in record["references"]:
        picture = cv2.cvtColor(cv2.imread(str(root / "people" / reference)), cv2.COLOR_BGR2RGB)
        assert len(detector(np.ascontiguousarray(picture), 0)) == 1


@pytest.mark.parametrize("name", ["ada", "bo"])
def test_the_detector_finds_one_face_of_useful_size_in_tiny_frames(name):
    detector = dlib.get_frontal_face_detector()
    for image in list(decoded(ROOT / f"tests/tiny/data/raw/{name}.mp4"))[::18]:
        boxes = detector(np.ascontiguousarray(image), 0)
        assert len(boxes) == 1
        assert boxes[0].width() >= 90


def test_dlib_reads_mouth_and_lids_of_both_actors():
    """What all later stages lean on: readings follow the truth over the clip, correlation at least .8."""
    folder = Path(importlib.util.find_spec("face_recognition_models").submodule_search_locations[0])
    fit = dlib.shape_predictor(str(folder / "models/shape_predictor_68_face_landmarks.dat"))
    for take in SAMPLE:
        truth = read_table(ROOT / f"data/raw/truth/{take.name}.parquet", TRUTH)
        readings = [
            (index, *openings_read(fit, image, points_of(truth)[index]))
            for index, image in enumerate(decoded(ROOT / f"data/raw/{take.name}.mp4"))
            if index % 2 == 0
        ]
        index, mouth, eyes = np.array(readings).T
        for column, read in (("mouth_opening", mouth), ("eye_opening", eyes)):
            known = truth.column(column).to_numpy()[index.astype(int)]
            assert np.corrcoef(known, read)[0, 1] > 0.8, (take.name, column)


def openings_read(fit, image, true_points):
    """Mouth and eye opening of the mean of five fits on boxes as the detector would place them."""
    generator = np.random.default_rng(0)
    center, side = true_points[17:].mean(0), 1.05 * np.ptp(true_points[:, 1])
    fits = []
    for _ in range(5):
        shifted = center + generator.standard_normal(2) * 0.02 * side
        left, top = np.round(shifted - side / 2).astype(int)
        shape = fit(image, dlib.rectangle(int(left), int(top), int(left + side), int(top + side)))
        fits.append([(part.x, part.y) for part in shape.parts()])
    points = np.mean(fits, 0)
    return float(mouth_opening(points)), float(eye_opening(points))


def test_a_clip_written_twice_is_the_same_bytes(tmp_path):
    generator = np.random.default_rng(1)
    frames = [generator.integers(0, 256, (64, 80, 3), dtype=np.uint8) for _ in range(6)]
    sound = hum(performance(1, 6), seed=1)
    for name in ("first.mp4", "second.mp4"):
        write_clip(tmp_path / name, frames, audio=sound, crf=20)
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "second.mp4").read_bytes()


def test_a_written_clip_keeps_its_colours(tmp_path):
    patches = np.repeat(np.repeat(np.array([[[200, 40, 40], [40, 180, 60]]], np.uint8), 64, 0), 32, 1)
    write_clip(tmp_path / "patches.mp4", [patches] * 3, crf=5)
    for image in decoded(tmp_path / "patches.mp4"):
        assert np.abs(image[:, [8, 56]].astype(int) - patches[:, [8, 56]]).max() <= 3


def test_the_hum_is_silent_while_the_mouth_is_closed_and_never_clips():
    closed, spoken = (hum([Performance(jaw=jaw)] * 10) for jaw in (0.0, 1.0))
    assert len(closed) == len(spoken) == 10 * SAMPLE_RATE // 25
    assert np.abs(closed).max() < 0.05 < 0.2 < np.abs(spoken).max() < 1.0
