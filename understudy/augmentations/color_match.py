"""The colours of another picture: a random one of the other person's, so that a person's light tells nothing."""

from dataclasses import dataclass
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor

from understudy import params
from understudy.chance import Drawn, change, chosen, uniform
from understudy.colorspaces import lab_from_rgb, rgb_from_lab

LEAST_DEVIATION = 0.5  # of L, a and b; flatter pictures are not stretched further
LEAST_VARIANCE = 1e-5  # of RGB in every direction
Method = Literal["rct", "mkl"]


class Settings(params.Settings):
    """How strong, and how often."""

    method: Method
    """rct: mean and deviation of L, a and b (Reinhard 2001); mkl: mean and covariance of RGB, which also turns hues."""
    strength: float = Field(ge=0, le=1)
    """Share of the way to the other's colours; 1 goes all of it."""
    share: float = Field(ge=0, le=1)
    """Share of the pictures that are changed."""


@dataclass(frozen=True)
class ColorMatch(Drawn):
    """Which of the others gives its colours to the pictures `faces_K`, as a place in 0–1 among them."""

    faces_K: Tensor
    place_K: Tensor
    method: Method
    strength: float


def sample(generator: torch.Generator, *, number: int, method: Method, strength: float, share: float) -> ColorMatch:
    """Any of the others is as likely, with replacement."""
    drawn = uniform(generator, number=number, count=2)
    faces = chosen(drawn[:, 0], share=share, strength=strength)
    return ColorMatch(faces, drawn[faces, 1], method, strength)


def apply(parameters: ColorMatch, pictures_B3HW: Tensor, others_N3HW: Tensor) -> Tensor:
    """The changed pictures, 0–1; the others may have any number and resolution."""
    which = (parameters.place_K * len(others_N3HW)).long().clamp_max(len(others_N3HW) - 1)
    match = _matched_rct if parameters.method == "rct" else _matched_mkl
    return change(
        pictures_B3HW,
        parameters.faces_K,
        lambda pictures: torch.lerp(pictures, match(pictures, others_N3HW[which]), parameters.strength),
    )


def _matched_rct(pictures: Tensor, others: Tensor) -> Tensor:
    sparse = others[..., ::2, ::2]  # a quarter of the pixels says the same
    centred, _, deviation = _centred(lab_from_rgb(pictures))
    _, wanted_mean, wanted_deviation = _centred(lab_from_rgb(sparse))
    return rgb_from_lab(centred * (wanted_deviation / deviation) + wanted_mean)


def _centred(lab_B3HW: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Values around their mean, the mean, and the standard deviation."""
    mean = lab_B3HW.mean((2, 3), keepdim=True)
    centred = lab_B3HW - mean
    return centred, mean, centred.square().mean((2, 3), keepdim=True).sqrt().clamp_min(LEAST_DEVIATION)


def _matched_mkl(pictures: Tensor, others: Tensor) -> Tensor:
    """The linear map of least displacement between two normal distributions (Pitié and Kokaram 2007)."""
    values, wanted = pictures.flatten(2), others.flatten(2)
    mean, wanted_mean = values.mean(2, keepdim=True), wanted.mean(2, keepdim=True)
    root, inverse_root = _roots(_covariance(values - mean))
    middle, _ = _roots(root @ _covariance(wanted - wanted_mean) @ root)
    matched = inverse_root @ middle @ inverse_root @ (values - mean) + wanted_mean
    return matched.view_as(pictures).clamp(0, 1)


def _covariance(centred_B3P: Tensor) -> Tensor:
    least = LEAST_VARIANCE * torch.eye(3).to(centred_B3P)
    return centred_B3P @ centred_B3P.mT / centred_B3P.shape[2] + least


def _roots(covariance_B33: Tensor) -> tuple[Tensor, Tensor]:
    """The symmetric square root and its inverse."""
    values, vectors = torch.linalg.eigh(covariance_B33)
    roots = values.clamp_min(1e-12).sqrt()[:, None]
    return (vectors * roots) @ vectors.mT, (vectors / roots) @ vectors.mT
