import numpy as np
import pytest
import torch

from tests.models.cartoons import cartoon_faces
from understudy.facesets import FaceSet
from understudy.model import make_model, model_settings
from understudy.sections import read_params
from understudy.workers import workers


def made(resolution_px):
    values = read_params()["models"]["driven"] | {"nodes": 2, "resolution_px": resolution_px}
    model = make_model("driven", model_settings("driven").model_validate(values), seed=1, device=torch.device("cpu"))
    faces = cartoon_faces("ada", number=12)
    model.begin(faces, faces)
    return model


@pytest.fixture(scope="module", autouse=True)
def _single_core():
    with workers(1):
        yield


@pytest.fixture(scope="module")
def fine():
    return made(512)


def test_the_unet_is_the_same_at_any_resolution(fine):
    def layers(model):
        return {name: value.shape for name, value in model.network.named_parameters() if "atlas" not in name}

    assert layers(made(192)) == layers(fine)


def test_a_window_is_painted_as_it_is_within_the_whole_patch(fine):
    """But for its rim, where convolutions see no neighbours."""
    stored, network = fine._training, fine.network
    points, traits = stored.points_N702[:1], stored.traits_of(slice(1))
    maps = torch.rand(1, 10, 48, 48, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = network(maps, points, traits)
        window = network(maps, points, traits, places=fine._grid[:, 100:292, 160:352])
    assert (window - whole[..., 100:292, 160:352])[..., 8:-8, 8:-8].abs().max().item() < 1e-4


def test_windows_cover_the_face_and_stay_within_the_patch(fine):
    generator = torch.Generator().manual_seed(3)
    points = fine._training.points_N702
    seen = torch.zeros(512, 512)
    for _ in range(12):
        for window in fine._windows(generator, points):
            assert window.shape == (192, 192, 2)
            x, y = ((window[0, 0] + 1) / 2 * 512 - 0.5).round().long().tolist()
            seen[y : y + 192, x : x + 192] += 1
    nose = ((points[0, 30] + 1) / 2 * 512).long().tolist()
    assert seen[nose[1], nose[0]] > 10
    assert seen[0, 0] < seen[nose[1], nose[0]] / 4


def test_a_fine_atlas_starts_with_the_sources_detail(fine):
    assert fine.validation()["psnr_db_source"] > 20
    assert fine.paint(cartoon_faces("ada", number=3)).patches_NHWC.shape == (3, 512, 512, 3)


def test_face_sets_of_any_resolution_do(fine):
    """The same faces, stored at half the resolution, begin the same points."""
    faces = cartoon_faces("ada", number=12)
    zoom = np.array([[0.5, 0, -0.25], [0, 0.5, -0.25]])
    crops = [zoom[:, :2] @ crop + np.column_stack([np.zeros((2, 2)), zoom[:, 2]]) for crop in faces.crop_from_frame_N23]
    small = FaceSet(
        *(getattr(faces, name) for name in ("person", "clips", "frames", "faces", "splits")),
        faces.pixels_NHWC[:, ::2, ::2],
        faces.mask_NHW[:, ::2, ::2],
        (faces.points_N2 * 0.5 - 0.25).astype(np.float32),
        faces.pose_N3,
        np.asarray(crops, np.float32),
    )
    model = made(192)
    before = model._training.points_N702[:, :48]
    model.begin(small, small)
    assert (model._training.points_N702[:, :48] - before).abs().max().item() < 0.01
