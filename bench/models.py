"""What a training step of each model takes: seconds, the share that drawing its faces has, memory; for docs/models.md.

Each model is measured in a process of its own, so that the most memory it took is its own. Batches are halved until a
step fits the time and the memory there is. Run it with nothing beside it:

    python bench/models.py original df --batch 16 --steps 3
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from understudy.stage import threads

import psutil
import torch
from torch import Tensor
from torch.nn.modules.module import register_module_forward_pre_hook

from bench.training import FACES, Ours, begun, settings_of
from docs.sizes import FLOAT_BYTES, Size, entry_bytes, fixed_bytes, size_of
from tests.models.cartoons import cartoon_faces
from understudy.arithmetic import cpu_facts
from understudy.files import replacing
from understudy.model import FaceModel, available, count_parameters
from understudy.workers import workers

RESULT = Path(__file__).parents[1] / "docs" / "models.json"
MOST_MEMORY = 0.6  # of what is free
WAYS = 3  # a step's arithmetic, in those of its forward pass
GFLOPS = 40  # about what a core does in a second
LEAST = 4  # a batch
Measured = dict[str, float]


class _Begun(Exception):  # noqa: N818 - no error
    """A network has begun."""


def main() -> None:
    """Measure the models named, or all, and write what was found into docs/models.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=available())
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--longest", type=float, default=60, help="seconds a step")
    parser.add_argument("--settings", default="{}", help="the model's settings that differ, as YAML")
    parser.add_argument("--into", type=Path, default=RESULT)
    parser.add_argument("--alone", action="store_true", help="measure one model here and print it")
    chosen = parser.parse_args()
    if chosen.alone:
        print(json.dumps(measured(chosen.models[0], chosen.batch, chosen.settings, chosen.steps, chosen.longest)))
        return
    for name in chosen.models:
        options = [f"--{key}={getattr(chosen, key)}" for key in ("batch", "steps", "longest", "settings")]
        command = [sys.executable, __file__, name, "--alone", *options]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found = json.loads(done.stdout)
        keep(chosen.into, name, found)
        print(name, ", ".join(f"{key} {value:.4g}" for key, value in found.items()), flush=True)


def keep(path: Path, name: str, found: Measured) -> None:
    """Write what was measured of a model beside that of the others; what another machine measured is forgotten."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    others = known.get("models", {}) if known.get("machine") == machine() else {}
    models = dict(sorted({**others, name: found}.items()))
    with replacing(path) as temporary:
        temporary.write_text(json.dumps({"machine": machine(), "models": models}, indent=1) + "\n", encoding="utf-8")


def machine() -> dict[str, str | int]:
    """What measures: no names."""
    facts = cpu_facts()
    return {"processor": facts.get("model name", "unknown"), "threads": threads(), "torch": torch.__version__}


def measured(name: str, batch: int, changes: str, steps: int, longest_s: float) -> Measured:
    """A step of a model's training, with the largest batch up to `batch` that the machine bears."""
    people = cartoon_faces("ada", number=FACES), cartoon_faces("bo", number=FACES, seed=3)
    with workers(threads()) as team:
        model = begun(name, batch, changes, people)
        size = size_of(name, settings_of(name, batch, changes))
        before = _own_bytes(psutil.Process().memory_info().rss) - FLOAT_BYTES * sum(
            each.numel() for each in _weights(model)
        )
        ours = Ours(model, team)
        model.batch = _borne(model, size, longest_s=longest_s, parts=ours.parts)
        ours.step(0)  # in which moments and caches are made
        began = time.perf_counter(), time.process_time()
        for number in range(1, steps + 1):
            ours.step(number)
        ended = time.perf_counter(), time.process_time()
        peak = _own_bytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024) - before
        drawing = drawing_s(model, parts=ours.parts)
        entry = entry_bytes(lambda faces: _loss(model, faces), _weights(model))  # the critics' too
    seconds, cpu_s = ((last - first) / steps for first, last in zip(began, ended, strict=True))
    return {
        "batch": model.batch,
        "steps": steps,
        "seconds": round(seconds, 4),
        "cpu_s": round(cpu_s, 4),
        "drawing_share": round(drawing / cpu_s, 4),
        "peak_bytes": peak,
        "computed_bytes": computed_bytes(model, entry=entry),
    }


def computed_bytes(model: FaceModel, *, entry: int) -> int:
    """What a training holds at most: what is fixed, and of each entry of the batch what the way back needs."""
    critics = 0 if model.critics is None else count_parameters(model.critics)
    averaged = fixed_bytes(count_parameters(model.network), threads=threads())
    return averaged + fixed_bytes(critics, threads=threads()) - FLOAT_BYTES * critics + model.batch * entry


def drawing_s(model: FaceModel, *, parts: int) -> float:
    """Processor seconds of one thread for what comes before a network in all parts of a step."""

    def stop(*_: object) -> None:
        raise _Begun

    handle = register_module_forward_pre_hook(stop)
    try:
        for _ in range(2):  # the first fills caches
            began = time.thread_time()
            for part in range(parts):
                with suppress(_Begun):
                    model.losses(step=1, part=part, faces=model.batch // parts)
            ended = time.thread_time()
    finally:
        handle.remove()
    return ended - began


def _own_bytes(resident: int) -> int:
    """Of resident memory what is not the code of libraries, which is read in as it is used."""
    return resident - getattr(psutil.Process().memory_info(), "shared", 0)


def _borne(model: FaceModel, size: Size, *, longest_s: float, parts: int) -> int:
    """The model's batch, halved while a step would take longer than `longest_s` or more memory than is free."""
    batch, free = model.batch, psutil.virtual_memory().available * MOST_MEMORY
    entry_s = WAYS * sum(size.gflop) / GFLOPS / threads()
    while batch // 2 >= max(LEAST, parts) and (
        batch * entry_s > longest_s or computed_bytes(model, entry=size.entry_bytes) > free
    ):
        batch = model.batch = batch // 2
    return batch


def _loss(model: FaceModel, faces: int) -> Tensor:
    return torch.stack(list(model.losses(step=0, part=0, faces=faces).values())).sum()


def _weights(model: FaceModel) -> list[Tensor]:
    return [*model.network.parameters(), *(model.critics.parameters() if model.critics is not None else ())]


if __name__ == "__main__":
    main()
