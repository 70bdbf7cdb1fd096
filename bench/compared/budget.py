"""How many steps of a model fit into a budget of CPU time: what a step costs is measured, with one thread."""

import statistics
import time
from typing import NamedTuple

import understudy.stage  # noqa: F401, settles what torch computes with

import torch

from bench.training import Ours
from understudy.facesets import FaceSet
from understudy.facestore import MASK, RGB, store_faces
from understudy.measures import rebuilt
from understudy.model import FaceModel, count_parameters
from understudy.networks import FaceNetwork
from understudy.workers import workers

CPU = torch.device("cpu")
LEAST_STEPS, LEAST_S = 2, 2.0  # of what is measured, after a first step that is not
MEAN_FACE_PX = 96


class Cost(NamedTuple):
    """What a model is and what a step of it costs; sides in pixels, 0 where it sees no pictures but landmarks."""

    step_cpu_s: float
    parameters: int
    input_px: int
    output_px: int


def steps_within(budget_cpu_s: float, *, step_cpu_s: float) -> int:
    """As many whole steps as come nearest to the budget; one at least."""
    return max(1, round(budget_cpu_s / step_cpu_s))


def rows_every(steps: int, *, rows: int = 8) -> int:
    """Steps between rows of a history that is to have about so many, the last step's among them."""
    return max(1, -(-steps // rows))


def cost_of(model: FaceModel) -> Cost:
    """What a step of a model costs that has taken its faces in."""
    network = model.network
    input_px = network.input_px if isinstance(network, FaceNetwork) else 0
    return Cost(step_cpu_s(model), count_parameters(network), input_px, model.painted_px)


def step_cpu_s(model: FaceModel) -> float:
    """CPU seconds of a step: the median of some, so that a neighbour's burst counts little."""
    spent: list[float] = []
    with workers(1) as team:
        ours = Ours(model, team)
        ours.step(0)
        while len(spent) < LEAST_STEPS or sum(spent) < LEAST_S:
            began = time.process_time()
            ours.step(len(spent) + 1)
            spent.append(time.process_time() - began)
    return statistics.median(spent)


def mean_face_db(faces: FaceSet) -> float:
    """PSNR in dB of the mean training face against the validation faces: what a model must pass to see anything."""
    train, validation = (
        store_faces(faces.split(name), sides=[MEAN_FACE_PX], device=CPU) for name in ("train", "validation")
    )
    wanted = validation.centred(slice(None), MEAN_FACE_PX)
    mean = train.mean(MEAN_FACE_PX).expand_as(wanted[:, RGB])
    return rebuilt(mean, wanted[:, RGB], mask_N1HW=wanted[:, MASK])[0]
