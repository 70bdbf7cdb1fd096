"""docs/models.md: what each model is, what it costs, and which to choose for what."""

import importlib
import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from docs.sizes import Size, fixed_bytes, size_of
from docs.variants import LETTERS, OPTIONED, VARIANTS, Changes
from understudy.model import available, model_settings
from understudy.params import parse_section

MEASURED = Path(__file__).with_name("models.json")
BATCH = 16  # that steps are told of
CHOICE = """Minutes on two cores: `driven`, which learns from the source's frames alone and needs next to nothing of the
target; `compact` in about the time, to see whether both people's footage does. Hours on a GPU: `df`, whose four letters
buy most for what they cost, or `liae` where the target's light differs from the source's; `amp` where the likeness is
to be dialled. Days on a GPU: `dfl_sae`, `villain`, `unbalanced`, `dlight`, `realface`; `original` to `dfl_h128` paint
64 or 128 pixels and are here because everything else is compared with them."""
MEANT = """processor seconds of all threads and seconds by the clock of a step of training, scaled from the batch that
it was measured with; what share of them drawing and varying the faces takes (of `driven`, up to where the network
begins); and the most memory that the training took beside Python, its libraries and the faces, with what `fixed` and
`an entry` come to with a set of gradients for each thread. The rest is what the
largest layers want in passing, and what each thread keeps for their sums."""
LEGEND = """Sizes are found from shapes, with the sample project's settings and what a variant changes. Parameters are
millions: of the encoder; of the dense code and all that lies between; of the decoders, which one number alone stands
for where both people share one. GFLOP are those of a face forward, a multiplication and an addition counted as two,
of a source's / a target's face where they differ; a step of training costs about three times as much for each face it
sees. Memory is that of a training: `fixed` for weights, gradients, the optimizer's two moments and the average (20
bytes a parameter, 4 more for each further thread), and for each entry of the batch, a face of either side, what the way
back needs. People: what one more would add, in millions. Losses are the sample project's; critics are not counted."""
SIZES = (
    "| model | sees → paints, px | parameters | encoder | middle | source's decoder | target's decoder | GFLOP "
    "| people | fixed, GB | an entry, MB |\n|---|---|--:|--:|--:|--:|--:|--:|---|--:|--:|\n"
)
OPTIONS = (
    "| options | df: parameters | GFLOP | an entry, MB | liae: parameters | GFLOP | an entry, MB |\n"
    "|---|--:|--:|--:|--:|--:|--:|\n"
)
TIMES = (
    f"| model | measured with a batch of | CPU-s a step of {BATCH} | s a step of {BATCH} | drawing faces, % "
    "| peak, GB | as computed, GB |\n|---|--:|--:|--:|--:|--:|--:|\n"
)


def page(values: Mapping[str, object]) -> str:
    """The document below its note, from the models' sections of params.yaml."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    return "".join(
        [
            f"# Models\n\nA file in understudy/models/ each.\n\n{CHOICE}\n\n## What they are\n\n",
            "| model | learns from | needs | what it is |\n|---|---|---|---|\n",
            *(_described(name) for name in available()),
            f"\n## What they cost\n\n{LEGEND}\n\n{SIZES}",
            *(_costs(label, _size(name, values, changes)) for name, label, changes in _variants()),
            f"\n## The options of df and liae\n\n{OPTIONS}",
            *(_options(letters, values) for letters in LETTERS),
            f"\n## What they take\n\n{_machine(measured['machine'])}\n\n{TIMES}",
            *(_times(name, measured["models"][name]) for name in available() if name in measured["models"]),
        ]
    )


def _variants() -> Iterator[tuple[str, str, Changes]]:
    for name in available():
        yield name, f"`{name}`", {}
        yield from ((name, f"· {label}", changes) for label, changes in VARIANTS.get(name, {}).items())


def _size(name: str, values: Mapping[str, object], changes: Changes) -> Size:
    own = values[name]
    assert isinstance(own, Mapping)
    return size_of(name, parse_section(model_settings(name), {**own, **changes}, where=f"models.{name}"))


def _described(name: str) -> str:
    module = importlib.import_module(f"understudy.models.{name}")
    about = " ".join((module.__doc__ or "").split("\n\n")[0].split())
    learns_from, needs = (", ".join(sorted(each)) for each in (module.Model.learns_from, module.Model.needs))
    return _line(f"`{name}`", learns_from, needs, about)


def _costs(label: str, size: Size) -> str:
    parts = size.parts
    decoders = (parts["both"], 0) if parts["both"] else (parts["source"], parts["target"])
    forward = dict.fromkeys(f"{each:.1f}" for each in size.gflop)  # one where they are the same
    return _line(
        label,
        f"{size.input_px} → {size.output_px}",
        *(_millions(number) for number in (size.parameters, parts["encoder"], parts["middle"], *decoders)),
        " / ".join(forward),
        "two" if size.person is None else f"any, +{_millions(size.person)}",
        f"{fixed_bytes(size.parameters) / 1e9:.2f}",
        f"{size.entry_bytes / 1e6:.0f}",
    )


def _options(letters: str, values: Mapping[str, object]) -> str:
    sizes = [_size(name, values, {"options": letters}) for name in OPTIONED]
    cells = ((_millions(size.parameters), f"{size.gflop[0]:.1f}", f"{size.entry_bytes / 1e6:.0f}") for size in sizes)
    return _line(letters or "none", *chain(*cells))


def _machine(machine: Mapping[str, object]) -> str:
    told = f"{machine['processor']}, {machine['threads']} threads, torch {machine['torch']}"
    return f"Measured by `python bench/models.py` on {told}: {MEANT}"


def _times(name: str, measured: Mapping[str, float]) -> str:
    scale = BATCH / measured["batch"]
    return _line(
        f"`{name}`",
        f"{measured['batch']}",
        f"{measured['cpu_s'] * scale:.2f}",
        f"{measured['seconds'] * scale:.2f}",
        f"{measured['drawing_share'] * 100:.1f}",
        f"{measured['peak_bytes'] / 1e9:.2f}",
        f"{measured['computed_bytes'] / 1e9:.2f}",
    )


def _millions(number: int) -> str:
    return f"{number / 1e6:.1f}" if number else ""


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"
