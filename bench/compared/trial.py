"""One family's trial: its folder, how many steps it gets, and the project's own stages from training to scores."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import Field

from bench.compared.budget import CPU, Cost, cost_of, rows_every, steps_within
from bench.compared.figures import Found
from bench.compared.held_out import keep_held_out
from understudy.errors import UnderstudyError
from understudy.facesets import FaceSet
from understudy.files import replacing, sha256_of
from understudy.model import make_model, model_settings
from understudy.params import Settings, Shot, parse_section
from understudy.recipes import PLAN
from understudy.sections import PLANNED, read_params
from understudy.stage_recipes import stage_recipe

ROOT = Path(".understudy/compared")
SCORED = {"describe_every": 250, "moments": 4}  # what is not shown here is not measured
STAGES = {
    "swapper": ("swapper", "swapper"),
    "swaps": ("swaps", "swaps"),
    "shots": ("look", ""),
    "scores": ("scores", ""),
}
Values = dict[str, Any]  # params.yaml and parts of it: values of several kinds by name
ONE_THREAD = {"UNDERSTUDY_THREADS": "1", "OMP_NUM_THREADS": "1", "UNDERSTUDY_DEVICE": "cpu"}


class Family(Settings):
    """A model and the size it has here."""

    model: str = ""
    """A file of understudy/models/; the family's own name when empty."""
    settings: dict[str, object] = Field(default={})
    """What differs from the model's section of params.yaml."""


class Plan(NamedTuple):
    """How many steps a family gets, and what it is."""

    steps: int
    cost: Cost


class StageError(UnderstudyError):
    """A stage ended with an error; the words are the last line it said."""


@dataclass(frozen=True)
class Trial:
    """A family that is to be trained for `cpu_s` seconds and judged by a shot."""

    name: str
    family: Family
    shot: Shot
    cpu_s: float

    @property
    def folder(self) -> Path:
        """All that is made of it."""
        return ROOT / self.name

    @property
    def film(self) -> Path:
        """Its shot; the name says whose likeness is in whose place."""
        return self.folder / f"{self.shot.clip}.{self.shot.source}-for-{self.shot.target}.mp4"

    @property
    def swaps(self) -> Path:
        """What is painted in it, on the frames that are compared."""
        return self.film.with_suffix(".parquet")

    def plan(self, source: FaceSet, target: FaceSet) -> Plan:
        """How many steps it gets: as planned before for the same settings, code and budget, or measured now."""
        asked = self._asked()
        known = _read(self.folder / "plan.json")
        if known.get("asked") == asked:
            return Plan(known["steps"], Cost(*known["cost"]))
        shutil.rmtree(self.folder, ignore_errors=True)
        params = self._params(steps=1)
        chosen = parse_section(model_settings(self._model), params["models"][self._model], where=f"{self.name}")
        model = make_model(self._model, chosen, seed=params["swapper"]["seed"], device=CPU)
        model.begin(source, target)
        cost = cost_of(model)
        plan = Plan(steps_within(self.cpu_s, step_cpu_s=cost.step_cpu_s), cost)
        _write(self.folder / "plan.json", {"asked": asked, **plan._asdict()})
        return plan

    def found(self, plan: Plan) -> Found:
        """What came of it; a stage that fails is a finding too."""
        found = Found(self.name, self._kind(plan.cost), plan.cost, plan.steps, settings=self.family.settings)
        (self.folder / "params.yaml").write_text(yaml.safe_dump(self._params(steps=plan.steps)), encoding="utf-8")
        try:
            spent = self._run_stages()
        except StageError as error:
            return replace(found, failed=str(error))
        scores = json.loads(self.film.with_suffix(".json").read_text(encoding="utf-8"))
        return replace(found, spent_cpu_s=spent, scores=scores)

    @property
    def _model(self) -> str:
        return self.family.model or self.name

    def _kind(self, cost: Cost) -> str:
        sees = f"{cost.input_px}" if cost.input_px else "landmarks"
        return f"{self._model}, {sees} to {cost.output_px}"

    def _params(self, *, steps: int) -> Values:
        """The project's params.yaml with this family in it."""
        params: Values = dict(read_params())
        every = {"measure_every": rows_every(steps), "save_every": steps}
        chosen = {self._model: params["models"][self._model] | self.family.settings}
        return params | {
            "swapper": params["swapper"] | {"model": self._model, "steps": steps, **every},
            "models": params["models"] | chosen,
            "scores": params["scores"] | SCORED,
        }

    def _asked(self) -> Values:
        """All that decides what comes of it."""
        params = self._params(steps=1)
        recipes = {
            stage: stage_recipe(
                f"stages/{stage}.py", sections=[section], loads=["swapper.model"] * bool(loads), params=params
            ).text()
            for stage, (section, loads) in STAGES.items()
        }
        crops = {person: sha256_of(Path(f"data/crops/{person}.parquet")) for person in self._people.values()}
        return {"cpu_s": self.cpu_s, "crops": crops, "recipes": recipes}

    @property
    def _people(self) -> dict[str, str]:
        return {"source": self.shot.source, "target": self.shot.target}

    def _run_stages(self) -> float:
        """CPU seconds of the training, start and end of its process included."""
        clip, folder = self.shot.clip, self.folder
        crops = [f"--{side}-crops=data/crops/{person}.parquet" for side, person in self._people.items()]
        consents = [f"--{side}-consent=people/{person}.yaml" for side, person in self._people.items()]
        frames, landmarks = f"--frames=data/frames/{clip}.parquet", f"--landmarks=data/landmarks/{clip}.parquet"
        seen = [frames, landmarks, "--identities=data/identities.parquet"]
        swapper, swaps, shot = f"--swapper={folder / 'swapper'}", f"--swaps={self.swaps}", f"--shot={self.film}"
        spent = self._run("swapper", *crops, *consents, swapper)
        self._run("swaps", *seen, swapper, *consents, swaps)
        keep_held_out(self.swaps, crops=Path(f"data/crops/{self.shot.target}.parquet"), margin=self._steadiness)
        self._run("shots", frames, swaps, swapper, *consents, f"--payloads={folder / 'shot.payload'}", shot)
        self._run(
            "scores",
            *seen,
            "--embeddings=data/embeddings",
            *crops,
            swapper,
            swaps,
            shot,
            "--truth=data/raw/truth",
            f"--scores={self.film.with_suffix('.json')}",
            f"--picture={folder / 'comparison.png'}",
            f"--payloads={folder / 'comparison.payload'}",
            f"--film={folder / 'comparison.mp4'}",
        )
        return spent

    @property
    def _steadiness(self) -> int:
        return int(str(self._params(steps=1)["look"]["steadiness"]))

    def _run(self, stage: str, *flags: str) -> float:
        """CPU seconds of a stage, which is not run again once it is done. Raises StageError when it fails."""
        log, done = self.folder / f"{stage}.log", self.folder / f"{stage}.json"
        if known := _read(done):
            return float(known["cpu_s"])
        environment = os.environ | ONE_THREAD | {PLANNED: str(self.folder / "params.yaml")}
        environment.pop(PLAN, None)
        print(f"compared: {self.name}: {stage}", file=sys.stderr)
        with log.open("wb") as file:
            process = subprocess.Popen([sys.executable, f"stages/{stage}.py", *flags], env=environment, stderr=file)
            _, status, usage = os.wait4(process.pid, 0)  # of this child alone; others run beside it
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise StageError(said[-1] if said else f"{stage}: ended with status {process.returncode}")
        cpu_s = usage.ru_utime + usage.ru_stime
        if stage != "swaps":  # cut down after it ends, and quickly made anew
            _write(done, {"cpu_s": cpu_s})
        return cpu_s


def _read(path: Path) -> Values:
    """A JSON file; empty when there is none that can be read."""
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads(path.read_text(encoding="utf-8")))
    return {}


def _write(path: Path, values: Mapping[str, object]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n", encoding="utf-8")
