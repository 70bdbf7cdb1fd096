"""The real stages of the tiny project, killed again and again, against a run that nobody disturbed."""

import json
import random
from pathlib import Path

from tests.engines.workspace import Workspace
from tests.sequences.project import killed_after
from understudy.engines.recorded import EQUAL, compare, read_lock

COMMANDS = {"snakemake": ["snakemake", "--cores", "2"], "dvc": ["dvc", "repro", "--quiet"]}


def storm_of_stages(
    start: Workspace, undisturbed: Workspace, root: Path, *, seed: int, kills: int, within_s: float = 20
) -> int:
    """Kill one engine or the other up to `kills` times, until one of them comes to its end, and look at what is there.

    Returns how many were at work when they were killed. Raises AssertionError with what happened when an artifact is
    not what `undisturbed` has (a signed one: does not show what that shows), or something is left over or to do.
    """
    draw = random.Random(seed)
    project = start.copy(root)
    told: list[str] = []
    try:
        hits = 0
        while hits < kills:
            engine, delay = draw.choice(sorted(COMMANDS)), draw.uniform(0.5, within_s)
            if not killed_after(delay, COMMANDS[engine], cwd=root, environment=project.environment()):
                break
            told.append(f"{engine} killed after {delay:.1f} s")
            hits += 1
        engine = draw.choice(sorted(COMMANDS))
        told.append(f"everything by {engine}")
        project.run(*COMMANDS[engine])
        check(project, undisturbed)
    except AssertionError as error:
        raise AssertionError(f"storm of stages {seed}: {json.dumps(told, indent=1)}\n{error}") from error
    return hits


def check(project: Workspace, undisturbed: Workspace) -> None:
    """Nothing, when every artifact is there and right, and nothing else is."""
    artifacts, _ = read_lock(undisturbed.read("dvc.lock"), where="dvc.lock")
    verdicts = compare(artifacts, root=project.root, stored=lambda _: None)
    assert not [f"{artifact.path}: {verdict}" for artifact, verdict in verdicts if verdict not in EQUAL]
    different = files_of(project) ^ files_of(undisturbed)
    assert not different, f"left over or missing: {sorted(different)}"
    assert project.changed() == set()
    assert project.planned() == set()


def files_of(project: Workspace) -> set[str]:
    """Every file below data/, hidden ones too."""
    folder = project.root / "data"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}
