import cv2
import numpy as np
import pytest

from understudy.errors import TableError
from understudy.facesets import cut_face, read_face_set, warp_crop
from understudy.geometry import MEAN_51, apply_affine
from understudy.images import decode_png, encode_png
from understudy.masks import face_mask
from understudy.tables import CROPS, table_of_rows, write_table


def face_points(side=100.0, corner=(80.0, 70.0)):
    turn = np.linspace(0, np.pi, 17)
    jaw = np.column_stack([0.49 - 0.6 * np.cos(turn), 0.2 + 0.9 * np.sin(turn)])
    return np.vstack([jaw, MEAN_51]) * side + corner


def smooth_picture(side=320, *, factor=1.0):
    y, x = np.mgrid[: int(side * factor), : int(side * factor)]
    place = (np.stack([x, y], -1) + 0.5) / factor - 0.5
    waves = [np.sin(place @ direction) for direction in ((0.05, 0.02), (-0.03, 0.04), (0.01, -0.06))]
    return np.round(127.5 + 100 * np.stack(waves, -1)).astype(np.uint8), place


def test_a_crop_shows_what_lies_at_its_points():
    image, _ = smooth_picture()
    cut = cut_face(image, face_points())
    inverse = cv2.invertAffineTransform(cut.crop_from_frame)
    y, x = np.mgrid[20:236:24, 20:236:24]
    frame_points = apply_affine(inverse.astype(float), np.stack([x, y], -1).reshape(-1, 2).astype(float))
    wanted = 127.5 + 100 * np.sin(frame_points @ (0.05, 0.02))
    assert np.abs(cut.pixels[y, x, 0].ravel() - wanted).max() < 1.5


def test_the_same_face_at_three_times_the_resolution_gives_the_same_crop():
    small, large = smooth_picture()[0], smooth_picture(factor=3.0)[0]
    crops = [cut_face(small, face_points()), cut_face(large, (face_points() + 0.5) * 3 - 0.5)]
    assert np.abs(crops[0].pixels.astype(int) - crops[1].pixels).max() <= 3
    assert np.array_equal(crops[0].mask, crops[1].mask)


def test_reducing_averages_instead_of_skipping_pixels():
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[::2] = 255
    reduced = warp_crop(stripes, np.array([[0.125, 0, 0], [0, 0.125, 0]]), resolution_px=100)
    assert np.abs(reduced[1:].astype(int) - 127).max() <= 12


def test_beyond_the_frame_its_border_is_repeated():
    image = np.full((100, 100, 3), 90, np.uint8)
    assert (cut_face(image, face_points(corner=(-40.0, -40.0))).pixels == 90).all()


def test_the_mask_covers_the_landmarks_and_rises_above_the_brows():
    cut = cut_face(smooth_picture()[0], face_points())
    inner = np.round(cut.points[27:]).astype(int)
    assert (cut.mask[inner[:, 1], inner[:, 0]] > 250).all()
    brow = np.round(cut.points[19]).astype(int)
    flat = face_mask(cut.points, resolution_px=256, brow_margin=0.0)
    assert flat[brow[1] - 8, brow[0]] < 10 < cut.mask[brow[1] - 8, brow[0]]
    assert cut.mask[0].max() == cut.mask[:, 0].max() == 0
    assert 0 < ((cut.mask > 5) & (cut.mask < 250)).mean() < 0.2


@pytest.mark.parametrize("shape", [(7, 9, 3), (7, 9)])
def test_pixels_survive_a_png(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    content = encode_png(image)
    assert np.array_equal(decode_png(content), image)
    assert encode_png(image) == content


def test_a_damaged_picture_in_a_table_is_one_line():
    with pytest.raises(TableError, match="picture inside a table is damaged"):
        decode_png(encode_png(np.zeros((9, 9), np.uint8))[:30])


def row(frame, split, reason=None):
    cut = cut_face(smooth_picture()[0], face_points())
    kept = {"pixels": encode_png(cut.pixels), "mask": encode_png(cut.mask)} if not reason else {}
    return {
        **{"clip": "a", "frame": frame, "face": 0, "split": split, "pixels": None, "mask": None, "reason": reason},
        **{"points": face_points().ravel(), "crop_from_frame": cut.crop_from_frame.ravel()},
        **{"yaw_deg": 1.0, "pitch_deg": 2.0, "roll_deg": 3.0, "spread": 0.01, "sharpness": 9.0},
        **kept,
    }


def test_a_face_set_is_the_kept_rows_in_order_with_points_in_the_crop(tmp_path):
    rows = [row(4, "test"), row(1, "train"), row(2, None, "near duplicate of frame 1")]
    write_table(tmp_path / "a.parquet", table_of_rows(CROPS, rows), CROPS)
    faces = read_face_set(tmp_path / "a.parquet", "a")
    cut = cut_face(smooth_picture()[0], face_points())
    assert (faces.frames, faces.splits, len(faces)) == ((1, 4), ("train", "test"), 2)
    assert np.allclose(faces.points_N2[0], cut.points, atol=1e-2)
    assert np.array_equal(faces.pixels_NHWC[0], cut.pixels)
    assert faces.pose_N3.tolist() == [[1.0, 2.0, 3.0]] * 2
    assert faces.split("test").frames == (4,)
    assert faces.select([1, 0]).frames == (4, 1)


def test_an_empty_face_set_has_the_shapes_of_a_full_one(tmp_path):
    write_table(tmp_path / "a.parquet", table_of_rows(CROPS, []), CROPS)
    faces = read_face_set(tmp_path / "a.parquet", "a")
    assert len(faces) == 0
    assert faces.pixels_NHWC.shape == (0, 256, 256, 3)
    assert faces.points_N2.shape == (0, 68, 2)
    assert faces.crop_from_frame_N23.shape == (0, 2, 3)
