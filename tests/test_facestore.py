import numpy as np
import torch

from tests.models.cartoons import cartoon_faces
from tests.models.counting import LEAST
from tests.models.tiny import TINY
from understudy.facestore import MASK, RGB, store_faces
from understudy.geometry import apply_affine, invert_affine
from understudy.model import make_model
from understudy.models import original

CPU = torch.device("cpu")


def stored(side_px: int, *, sides: list[int]):
    return store_faces(cartoon_faces("ada", number=4, side_px=side_px), sides=sides, device=CPU)


def test_faces_are_read_at_the_same_place_from_crops_of_any_side():
    small, large = stored(256, sides=[96]), stored(480, sides=[96])
    assert torch.allclose(small.points_N682, large.points_N682, atol=1e-5)
    difference = small.centred(slice(None), 96, parts=RGB) - large.centred(slice(None), 96, parts=RGB)
    assert difference.abs().mean() < 0.01
    assert (small.centred(slice(None), 96, parts=MASK) - large.centred(slice(None), 96, parts=MASK)).abs().mean() < 0.01


def test_larger_crops_bring_the_detail_that_a_large_output_can_show():
    coarse, fine = stored(256, sides=[384]), stored(480, sides=[384])
    assert coarse.pictures[384].shape[-1] == 256
    assert fine.pictures[384].shape[-1] == 480

    def edges(store):
        faces = store.centred(slice(None), 384, parts=RGB)
        return (faces[..., 1:] - faces[..., :-1]).square().mean()

    assert edges(fine) > 1.2 * edges(coarse)


def test_an_autoencoder_paints_the_same_place_from_crops_of_any_side():
    settings = original.Settings.model_validate(LEAST | TINY["original"])
    found = []
    for side_px in (256, 480):
        model = make_model("original", settings, seed=1, device=CPU)
        faces = cartoon_faces("bo", number=6, side_px=side_px)
        model.begin(cartoon_faces("ada", number=6, side_px=side_px), faces)
        painted = model.paint(faces)
        frame = [
            apply_affine(invert_affine(crop.astype(float)), points.astype(float))
            for crop, points in zip(faces.crop_from_frame_N23, faces.points_N2, strict=True)
        ]
        assert np.abs(painted.points_N2 - frame).max() < 1e-3
        found.append(painted.crop_from_frame_N23)
    assert np.abs(found[0] - found[1]).max() < 1e-3
