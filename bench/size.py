"""What it costs to do nothing, by the size of the project: CPU seconds of either engine when all is made.

Projects of stand-in files with the sample's people, pair and shot and more and more clips; beside them the engines
themselves with nothing to look at. All in one run, so that the ratios hold on any machine.
"""

import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.engines.workspace import Workspace, make_project

SIZES = (4, 50, 500)  # clips
ROUNDS = 2  # the cheaper one counts: the first may still have to write its caches
COMMANDS = {
    "snakemake -n": ("snakemake", "--dry-run", "--cores", "1"),
    "dvc status": ("dvc", "status"),
    "dvc repro": ("dvc", "repro"),
}
NOTHING = {"Snakefile": "rule all:\n", "dvc.yaml": "stages: {}\n"}
DONE = ("Nothing to be done", "up to date", "always executed", "no data or pipelines")
FILLING = Path(__file__).with_name("filling.py")


def main() -> None:
    """Print a table: CPU seconds and their ratio to the same command with an empty DAG."""
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        bare = measured(empty(Path(name) / "empty"))
        print(f"{'clips':>6}  " + "  ".join(f"{command:>22}" for command in COMMANDS))
        print(_row("none", bare, bare))
        for size in sizes:
            print(_row(str(size), measured(filled(Path(name) / str(size), size)), bare), flush=True)


def empty(root: Path) -> Workspace:
    """Both engines with nothing to look at."""
    workspace = Workspace(root)
    for path, text in NOTHING.items():
        workspace.write(path, text)
    workspace.dvc("init", "--no-scm", "--quiet")
    return workspace


def filled(root: Path, num_clips: int) -> Workspace:
    """A project with so many clips in which all is made."""
    root.mkdir()
    workspace = make_project(root)
    more = [f"clip_{number:04d}" for number in range(num_clips - len(workspace.params()["clips"]))]
    for clip in more:
        workspace.write(f"data/raw/{clip}.mp4", f"footage of {clip}")
    workspace.set_params(lambda params: params["clips"].update({clip: f"data/raw/{clip}.mp4" for clip in more}))
    workspace.run("python", str(FILLING))
    return workspace


def measured(workspace: Workspace) -> dict[str, float]:
    """CPU seconds of each command."""
    return {name: min(cpu_s(workspace, command) for _ in range(ROUNDS)) for name, command in COMMANDS.items()}


def cpu_s(workspace: Workspace, command: tuple[str, ...]) -> float:
    """CPU seconds of a command and all it starts, which must find nothing to do."""
    before = _children_s()
    said = subprocess.run(
        command, cwd=workspace.root, env=workspace.environment(), capture_output=True, text=True, check=True
    )
    if not any(words in said.stdout + said.stderr for words in DONE):
        sys.exit(f"{' '.join(command)}: expected nothing to do in {workspace.root}, found {said.stdout}{said.stderr}")
    return _children_s() - before


def _children_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _row(size: str, seconds: dict[str, float], bare: dict[str, float]) -> str:
    return f"{size:>6}  " + "  ".join(f"{value:9.2f} s {value / bare[name]:7.1f} x" for name, value in seconds.items())


if __name__ == "__main__":
    main()
