"""A project of stand-ins under a random sequence of what people do, and the truth about it after each."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.engines.standin import CODE
from tests.engines.workspace import OUTPUT, ROOT, Workspace
from tests.sequences.oracle import fresh_build
from understudy.engines.accepting import matters

SAFE_DVC = ("-m", "understudy.engines.safe_dvc")  # as `dvc` is in the environment
HERE = Path(__file__).parent
GIVEN = ("data/raw/", "data/recipes/", "data/nouns.txt")
KEPT_WHEN_DROPPED = ("data/swapper/", "data/swaps/", "data/shots/", "data/scores/")
VALUES = {
    "faces.upsample": [0, 1, 2],
    "identities.min_neighbours": [4, 5],
    "crops.max_yaw_deg": [50, 60],
    "swapper.steps": [1000, 1500],
    "swapper.model": ["driven", "compact"],
    "models.driven.batch": [4, 8],
    "models.original.batch": [8, 16],
    "swaps.max_yaw_deg": [50, 60],
    "look.crf": [16, 18],
}


class Warm:
    """The warm process and the `python` that hands it its commands."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "warm"
        self.python = folder / "bin/python"
        self.python.parent.mkdir(parents=True)
        self.python.write_text(f"#!{os.path.realpath(sys.executable)} -SE\n{(HERE / 'client.py').read_text()}")
        self.python.chmod(0o755)
        command = [sys.executable, str(HERE / "warm.py"), str(self.socket)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def environment(self) -> dict[str, str]:
        """What a command needs to be handed over."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        return {"WARM": str(self.socket), "WARM_PYTHON": str(self.python), "PATH": path}

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


class Project(Workspace):
    """The project, and everything that can happen to it, drawn from `draw`; `told` is what happened so far."""

    def __init__(self, root: Path, warm: Warm, draw: random.Random) -> None:
        super().__init__(root)
        self.warm, self.draw = warm, draw
        self.told: list[str] = []
        self.commits: list[str] = []

    def environment(self, **more: str) -> dict[str, str]:
        return super().environment() | self.warm.environment() | more

    def snakemake(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        words = (str(self.warm.python), "-m", "snakemake", "--cores", "2", *arguments)
        return self.run(*words, check=check, **environment)

    def dvc(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run(str(self.warm.python), *SAFE_DVC, *arguments, check=check, **environment)

    def changed(self) -> set[str]:
        """The stages that DVC says are not as recorded, but for those that only its cache has lost."""
        found = json.loads(self.dvc("status", "--json").stdout)
        return {stage for stage, why in found.items() if matters(why)}

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "core.hooksPath=/dev/null")
        return self.run("git", *who, *arguments).stdout.strip()

    def tell(self, words: str) -> None:
        self.told.append(words)

    def begin(self) -> None:
        """Commit what is there, with a store to push to."""
        store = self.root.with_name(f"{self.root.name}.store")
        self.dvc("remote", "add", "--quiet", "--default", "store", str(store))
        self.commit()

    def everything(self, engine: str) -> None:
        """Make everything with one engine, and see that it is what a fresh build makes, with nothing left to do."""
        self.tell(f"everything by {engine}")
        self.snakemake() if engine == "snakemake" else self.dvc("repro", "--quiet")
        found = {path: text for path, text in self.artifacts().items() if not path.startswith(GIVEN)}
        expected = fresh_build(self.root)
        other = [path for path, text in expected.items() if found.get(path) != text]
        assert not other, f"not what a fresh build makes: {other}"
        extra = [path for path in found if path not in expected and not path.startswith(KEPT_WHEN_DROPPED)]
        assert not [path for path in extra if not Path(path).name.startswith(".")], f"left over: {extra}"
        changed = self.changed()
        assert not changed, f"dvc status: {changed}"
        plan = self.snakemake("--dry-run")
        assert OUTPUT.findall(plan.stdout + plan.stderr) == [], plan.stdout
        self.ran()

    def do_something(self) -> None:
        """One thing that people do."""
        action: Callable[[], None] = self.draw.choice(ACTIONS)
        self.tell(action.__name__.replace("_", " "))
        action(self)

    def note(self, words: object) -> None:
        self.told[-1] += f": {words}"

    # edits

    def edit_a_parameter(self) -> None:
        name = self.draw.choice(sorted(VALUES))
        value = self.draw.choice(VALUES[name])
        *sections, key = name.split(".")

        def change(params: dict) -> None:
            for section in sections:
                params = params[section]
            params[key] = value

        self.set_params(change)
        self.note(f"{name} = {value}")

    def edit_code(self) -> None:
        file, value = self.draw.choice(sorted(CODE)), self.draw.randrange(3)
        lines = [line for line in self.read(file).splitlines() if not line.startswith("EDITED = ")]
        edited = [f"EDITED = {value}"] if value else []
        self.write(file, "\n".join([*lines, *edited]) + "\n")
        self.note(f"{file} {value}")

    def edit_a_comment(self) -> None:
        file = self.draw.choice(sorted(CODE))
        self.write(file, self.read(file) + f"# {self.draw.randrange(100)}\n")
        self.note(file)

    def add_a_clip(self) -> None:
        self.write("data/raw/cy.mp4", f"footage of cy {self.draw.randrange(2)}")
        self.set_params(lambda params: params["clips"].update(cy="data/raw/cy.mp4"))

    def drop_a_clip(self) -> None:
        self.set_params(lambda params: params["clips"].pop("cy", None))

    def replace_a_clip(self) -> None:
        self.write("data/raw/ada.mp4", f"footage of ada {self.draw.randrange(3)}")

    def add_or_drop_a_shot(self) -> None:
        shot = {"clip": "ada", "source": "bo", "target": "ada"}

        def change(params: dict) -> None:
            if params["shots"].pop("ada", None) is None:
                params["pairs"]["bo-ada"] = {"source": "bo", "target": "ada"}
                params["shots"]["ada"] = shot

        self.set_params(change)

    # runs

    def run_snakemake(self) -> None:
        self.snakemake()

    def run_snakemake_for_one_target(self) -> None:
        target = self.draw.choice(sorted(path for path in fresh_build(self.root) if path.endswith(".parquet")))
        self.snakemake(target)
        self.note(target)

    def run_dvc(self) -> None:
        self.dvc("repro", "--quiet")

    def run_dvc_for_one_stage(self) -> None:
        stage = self.draw.choice(["faces@ada", "landmarks@bo", "identities", "crops@bo", "swapper@ada-bo", "scores@bo"])
        self.dvc("repro", "--quiet", stage)
        self.note(stage)

    def kill_snakemake(self) -> None:
        self.kill([str(self.warm.python), "-m", "snakemake", "--cores", "2"], within_s=4)

    def kill_dvc(self) -> None:
        self.kill([str(self.warm.python), *SAFE_DVC, "repro", "--quiet"], within_s=4)

    def kill(self, command: list[str], *, within_s: float) -> bool:
        """Kill the command's whole process group at a random moment of its work; whether it was still at work."""
        delay = self.draw.uniform(0.1, within_s)
        is_killed = killed_after(delay, command, cwd=self.root, environment=self.environment(SLOW="0.05"))
        self.note(f"killed after {delay:.2f} s" if is_killed else "ended before it was killed")
        return is_killed

    # versions

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "state")
        self.dvc("push", "--quiet", check=False)
        self.commits.append(self.git("rev-parse", "HEAD"))

    def check_out_an_older_commit(self) -> None:
        self.git("checkout", "--quiet", "--force", self.draw.choice(self.commits))
        if self.draw.random() < 0.5:
            self.dvc("checkout", "--quiet", "--force", check=False)
            self.note("with dvc checkout")

    def restore_artifacts(self) -> None:
        self.dvc("checkout", "--quiet", "--force", check=False)

    def pull(self) -> None:
        self.dvc("pull", "--quiet", "--force", check=False)
        self.run(str(self.warm.python), "-m", "understudy.engines.accept", check=False)

    def lose_snakemakes_memory(self) -> None:
        shutil.rmtree(self.root / ".snakemake", ignore_errors=True)

    def lose_the_cache(self) -> None:
        shutil.rmtree(self.root / ".dvc/cache", ignore_errors=True)

    # accidents

    def delete_an_artifact(self) -> None:
        path = self._some_artifact()
        (self.root / path).unlink(missing_ok=True)
        self.note(path)

    def corrupt_an_artifact(self) -> None:
        path = self._some_artifact()
        if (self.root / path).exists():
            self.write(path, self.draw.choice(["", "corrupt", self.read(path)[:-1]]))
        self.note(path)

    def touch_files(self) -> None:
        for path in self.draw.sample([*sorted(CODE), "data/raw/bo.mp4", "params.yaml", self._some_artifact()], 3):
            if (self.root / path).exists():
                when = self.draw.choice([None, (1, 1), (time.time() - 60, time.time() - 60)])
                os.utime(self.root / path, when)

    def move_the_project(self) -> None:
        moved = self.root.with_name(f"{self.root.name} m\u00f6ved")
        self.root.rename(moved)
        moved.rename(self.root)

    def copy_the_project(self) -> None:
        copy = self.root.with_name(f"{self.root.name}.copy")
        shutil.copytree(self.root, copy, symlinks=True)
        shutil.rmtree(self.root)
        copy.rename(self.root)

    def _some_artifact(self) -> str:
        return self.draw.choice(sorted(fresh_build(self.root)))


ACTIONS = [
    *[Project.edit_a_parameter] * 4,
    *[Project.edit_code] * 3,
    Project.edit_a_comment,
    Project.add_a_clip,
    Project.drop_a_clip,
    Project.replace_a_clip,
    Project.add_or_drop_a_shot,
    *[Project.run_snakemake] * 2,
    Project.run_snakemake_for_one_target,
    *[Project.run_dvc] * 2,
    Project.run_dvc_for_one_stage,
    *[Project.kill_snakemake] * 2,
    Project.kill_dvc,
    *[Project.commit] * 2,
    *[Project.check_out_an_older_commit] * 2,
    Project.restore_artifacts,
    Project.pull,
    Project.lose_snakemakes_memory,
    Project.lose_the_cache,
    Project.delete_an_artifact,
    Project.corrupt_an_artifact,
    Project.touch_files,
    Project.copy_the_project,
]


def play(finished: Workspace, root: Path, warm: Warm, *, seed: int, length: int = 6) -> Project:
    """A copy of the finished project after `length` things that happened to it and everything made once or twice.

    Raises AssertionError with what happened when it is not what a fresh build would be.
    """
    draw = random.Random(seed)
    shutil.copytree(finished.root, root, symlinks=True)
    project = Project(root, warm, draw)
    try:
        project.begin()
        for number in range(length):
            project.do_something()
            if number == length // 2:
                project.everything(draw.choice(["snakemake", "dvc"]))
        project.everything(draw.choice(["snakemake", "dvc"]))
    except BaseException as error:
        story = json.dumps(project.told, indent=1)
        raise AssertionError(f"seed {seed}: {story}\n{error}") from error
    return project


def storm(start: Workspace, root: Path, warm: Warm, *, seed: int, kills: int, within_s: float = 4) -> int:
    """Kill one engine or the other `kills` times while it makes everything, and let one of them finish.

    Returns how many were at work when they were killed. Raises AssertionError as `play` does.
    """
    draw = random.Random(seed)
    shutil.copytree(start.root, root, symlinks=True)
    project = Project(root, warm, draw)
    commands = {
        "snakemake": [str(warm.python), "-m", "snakemake", "--cores", "2"],
        "dvc": [str(warm.python), *SAFE_DVC, "repro", "--quiet"],
    }
    try:
        hits = 0
        for _ in range(kills):
            engine = draw.choice(sorted(commands))
            project.tell(engine)
            hits += project.kill(commands[engine], within_s=within_s)
        project.everything(draw.choice(sorted(commands)))
    except BaseException as error:
        story = json.dumps(project.told, indent=1)
        raise AssertionError(f"storm {seed}: {story}\n{error}") from error
    return hits


def killed_after(delay_s: float, command: list[str], *, cwd: Path, environment: Mapping[str, str]) -> bool:
    """Start a command and kill all its processes after so long; whether it was still at work."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=cwd, env=environment, process_group=0, **quiet)
    try:
        process.wait(delay_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        _gone(process.pid)
        return True
    return False


def _gone(group: int) -> None:
    """Wait until no process of the group is left."""
    while True:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return
        time.sleep(0.01)
