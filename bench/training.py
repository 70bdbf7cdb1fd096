"""A training step of ours against the same model written plainly, and what share of the machine's rate it reaches.

Plainly is: eager, NCHW, torch's own layers and threads, one side after the other, Adam written weight by weight,
pictures varied one by one with NumPy and OpenCV in the loop. Both train the same network on the same drawn faces with
mean absolute errors; steps alternate, so that a machine that changes its pace changes both. GFLOP are those of the
plain layers, whatever ours make of them. Run it with nothing beside it:

    python bench/training.py original --batch 16
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

from understudy.stage import threads

import cv2
import numpy as np
import torch
import yaml
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from tests.models.cartoons import cartoon_faces
from understudy.blocks import products
from understudy.blocks.convolution import Convolution, Dense
from understudy.facesets import FaceSet
from understudy.group import Group
from understudy.learning import Lesson, learn
from understudy.model import FaceModel, make_model, model_settings
from understudy.networks import SIDES
from understudy.optimizers import adamw
from understudy.params import Settings, parse_section
from understudy.progress import Progress
from understudy.randomness import numpy_generator
from understudy.sections import read_params
from understudy.workers import Workers, workers

CPU = torch.device("cpu")
FACES = 60


def main() -> None:
    """Print seconds a step of both, their ratio, and the share of a bare product's rate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--settings", default="{}", help="the model's settings that differ, as YAML")
    arguments = parser.parse_args()
    people = cartoon_faces("ada", number=FACES), cartoon_faces("bo", number=FACES, seed=3)
    changes = yaml.safe_dump({"losses": [{"loss": "mae"}], "learn_mask": False, **yaml.safe_load(arguments.settings)})
    model = begun(arguments.model, arguments.batch, changes, people)
    plain = Plain(begun(arguments.model, arguments.batch, changes, people), people)
    gflop = plain.gflop()
    with workers(threads()) as team:
        ours = Ours(model, team)
        rounds = [alternating(plain.step, ours.step, number) for number in range(arguments.rounds + 1)][1:]
        product = product_gflops(team)
    slow, fast = (statistics.median(each) for each in zip(*rounds, strict=True))
    print(f"{arguments.model}, batch {arguments.batch}: {gflop:.0f} GFLOP a step")
    print(f"plain {slow:.2f} s a step, ours {fast:.2f} s: {slow / fast:.2f} times as fast")
    print(f"{gflop / fast:.0f} GFLOP/s of a bare product's {product:.0f}: {gflop / fast / product:.0%}")


def begun(name: str, batch: int, changes: str, people: tuple[FaceSet, FaceSet]) -> FaceModel:
    """A model that has taken its faces in."""
    model = make_model(name, settings_of(name, batch, changes), seed=1, device=CPU)
    model.begin(*people)
    return model


def settings_of(name: str, batch: int, changes: str) -> Settings:
    """The sample project's settings of a model, with another batch and what differs, as YAML."""
    values = read_params()["models"]
    assert isinstance(values, Mapping)
    return parse_section(model_settings(name), {**values[name], "batch": batch, **yaml.safe_load(changes)}, where=name)


class Ours:
    """Steps of the training loop."""

    def __init__(self, model: FaceModel, team: Workers) -> None:
        groups = model.parameter_groups() + ([{"params": list(model.critics.parameters())}] if model.critics else [])
        optimizer = adamw.build(groups, learning_rate=5e-5, betas=(0.9, 0.999), epsilon=1e-8, weight_decay=0.01)
        self._state = Progress(model, optimizer, ema=0.99, keeps_best=False)
        self._team, self.parts = team, max(2, threads())

    def step(self, number: int) -> None:
        """One step."""
        state = self._state
        lesson = Lesson(state.model, number, self.parts, state.painter, state.critics, "float32", 1.0)
        learn(lesson, team=self._team, group=Group(CPU), clip=1.0, signal=0)
        state.advance()
        state.forget_gradients()


class PlainConvolution(Convolution):
    """One by torch's own layer."""

    def forward(self, features: Tensor) -> Tensor:
        """The convolved features."""
        features, padding = self.padded(features)
        return functional.conv2d(features, self.weight, self.bias, self.stride, padding, groups=self.groups)


class Plain:
    """Steps as they are written first."""

    def __init__(self, model: FaceModel, people: tuple[FaceSet, FaceSet]) -> None:
        self._model, self._batch = model, model.batch
        self._network = model.network
        for module in self._network.modules():
            if isinstance(module, Convolution):
                module.__class__ = PlainConvolution
            elif isinstance(module, Dense):
                module.__class__ = nn.Linear
        self._faces = dict(zip(SIDES, people, strict=True))
        self._optimizer = torch.optim.Adam(self._network.parameters(), lr=5e-5, foreach=False, fused=False)

    def step(self, number: int) -> None:
        """One step: each side forward and back, then Adam."""
        torch.set_num_threads(threads())
        self._optimizer.zero_grad()
        for side, faces in self._faces.items():
            generator = numpy_generator(1, side, number)
            pairs = [self._pair(faces, generator) for _ in range(self._batch)]
            inputs, wanted = (torch.from_numpy(np.stack(each)).permute(0, 3, 1, 2) for each in zip(*pairs, strict=True))
            made = self._network(inputs.contiguous(), side).pictures[-1]
            (made - wanted.contiguous()).abs().mean().backward()
        self._optimizer.step()
        torch.set_num_threads(1)

    def gflop(self) -> float:
        """Arithmetic of a step, forward and back, in 10⁹ operations."""
        counter = FlopCounterMode(display=False)
        with counter:
            for side in SIDES:
                face = torch.zeros(1, 3, self._network.input_px, self._network.input_px)
                self._network(face, side).pictures[-1].sum().backward()
        self._optimizer.zero_grad()
        return counter.get_total_flops() * self._batch / 1e9

    def _pair(self, faces: FaceSet, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A picture turned, mirrored and warped, and the same unwarped: RGB 0–1."""
        picture = faces.pixels_NHWC[generator.integers(len(faces))]
        side = picture.shape[0]
        move = cv2.getRotationMatrix2D((side / 2, side / 2), generator.uniform(-10, 10), generator.uniform(0.95, 1.05))
        move[:, 2] += generator.uniform(-0.05, 0.05, 2) * side
        picture = cv2.warpAffine(picture, move, (side, side), borderMode=cv2.BORDER_REPLICATE)
        if generator.random() < 0.5:
            picture = picture[:, ::-1]
        into, out = self._network.input_px, self._network.outputs_px[-1]
        grid = np.linspace(side * 0.1, side * 0.9, 5).astype(np.float32)
        maps = [
            cv2.resize(axis + generator.normal(0, side * 0.02, (5, 5)).astype(np.float32), (into * 5 // 4,) * 2)
            for axis in np.meshgrid(grid, grid)
        ]
        cut = into // 8
        near = [axis[cut : cut + into, cut : cut + into] for axis in maps]
        warped = cv2.remap(picture, *near, cv2.INTER_LINEAR)
        middle = picture[side // 10 : -side // 10, side // 10 : -side // 10]
        return warped.astype(np.float32) / 255, cv2.resize(middle, (out, out), interpolation=cv2.INTER_AREA).astype(
            np.float32
        ) / 255


def alternating(first: Callable[[int], None], second: Callable[[int], None], number: int) -> tuple[float, float]:
    """Wall seconds of each."""
    began = time.perf_counter()
    first(number)
    between = time.perf_counter()
    second(number)
    return between - began, time.perf_counter() - between


def product_gflops(team: Workers, side: int = 2048) -> float:
    """The rate of matrix products, one a core at once; by the fastest of three ways into torch's two libraries."""
    left, right = torch.randn(side, side), torch.randn(side, side)
    kernel = right[:, :, None, None]

    def by_mkl(_: int) -> Tensor:
        return left @ right

    def by_onednn(_: int) -> Tensor:
        return torch.nn.functional.conv2d(left.view(1, side, side, 1), kernel)

    def by_layer(_: int) -> Tensor:
        return products.product(left, right)

    best = 0.0
    for product in (by_mkl, by_onednn, by_layer):
        team.map(product, range(threads()))
        began = time.perf_counter()
        team.map(product, range(4 * threads()))
        best = max(best, 8 * threads() * side**3 / (time.perf_counter() - began) / 1e9)
    return best


if __name__ == "__main__":
    main()
