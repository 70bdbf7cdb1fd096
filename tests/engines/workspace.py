"""A whole project under both engines, its stages replaced by stand-ins that keep the real ones' imports and flags."""

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
STANDIN = Path(__file__).with_name("standin.py")
ASKING = Path(__file__).with_name("asking.py")
ENGINES = ("Snakefile", "dvc.yaml", "profiles", ".dvc", ".dvcignore", ".gitignore", "understudy", "envs")
REAL = ("nouns", "clips")
OUTPUT = re.compile(r"^    output: (.+)$", re.MULTILINE)


class Workspace:
    """A project in a folder of its own, and what its commands do."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def run(self, *command: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        """The finished command; fails the test when it fails, unless `check` is false."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def environment(self, **more: str) -> dict[str, str]:
        """This process's environment, with the project's own modules first and no other project's settings."""
        inherited = {key: value for key, value in os.environ.items() if key != "UNDERSTUDY_PARAMS"}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return inherited | {"PATH": path, "PYTHONPATH": str(self.root), "DVC_NO_ANALYTICS": "1"} | more

    def snakemake(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("snakemake", "--cores", "2", *arguments, check=check, **environment)

    def dvc(self, *arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("dvc", *arguments, check=check, **environment)

    def planned(self, *arguments: str) -> set[str]:
        """The first outputs of the jobs that Snakemake would run now."""
        done = self.snakemake("--dry-run", *arguments)
        return {match.split(",")[0] for match in OUTPUT.findall(done.stdout + done.stderr)}

    def changed(self) -> set[str]:
        """The stages that DVC says are not as recorded."""
        return set(json.loads(self.dvc("status", "--json").stdout))

    def ask(self, cases: list[dict]) -> list[dict]:
        """What both engines say after each of these edits, see asking.py; all in one process."""
        self.write(".understudy/cases.json", json.dumps(cases))
        return json.loads(self.run("python", str(ASKING), ".understudy/cases.json").stdout)

    def ran(self) -> list[str]:
        """The stages that ran since the last call, with their first outputs."""
        log = self.root / "ran.txt"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return sorted(lines)

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = self.read(path)
        assert old in text, f"{old!r} is not in {path}"
        self.write(path, text.replace(old, new, 1))

    def params(self) -> dict[str, object]:
        return yaml.safe_load(self.read("params.yaml"))

    def set_params(self, change: Callable[[dict], object]) -> None:
        params = self.params()
        change(params)
        self.write("params.yaml", yaml.safe_dump(params, sort_keys=False))

    def artifacts(self) -> dict[str, str]:
        """Every file below data/ and its content."""
        files = (file for file in (self.root / "data").rglob("*") if file.is_file())
        return {file.relative_to(self.root).as_posix(): file.read_text() for file in sorted(files)}

    def artifacts_and_records(self) -> dict[str, bytes]:
        """Every file but those of git and of reproductions, and its content."""
        files = (file for file in self.root.rglob("*") if file.is_file())
        paths = {file.relative_to(self.root).as_posix(): file for file in files}
        passing = (".git/", ".understudy/reproduce/", ".dvc/tmp/")
        return {
            path: file.read_bytes()
            for path, file in sorted(paths.items())
            if not path.startswith(passing) and "__pycache__" not in path
        }

    def commit(self, message: str) -> None:
        """Commit everything that git does not ignore."""
        self.run("git", "add", "--all")
        who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
        self.run("git", *who, "commit", "--quiet", "--message", message)

    def stored(self, artifact: str) -> Path:
        """The file of DVC's cache in which an artifact is stored."""
        md5 = hashlib.md5((self.root / artifact).read_bytes()).hexdigest()
        return self.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]

    def forget(self, artifact: str) -> None:
        """Remove an artifact from DVC's cache."""
        self.stored(artifact).unlink()

    def copy(self, root: Path) -> "Workspace":
        shutil.copytree(self.root, root)
        return Workspace(root)


def imports_of(script: Path) -> str:
    """The imports of a script as the body of an `if`; they are read by the engines and never run."""
    tree = ast.parse(script.read_text())
    found = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n    ".join(["pass", *found])


def link_engines(root: Path) -> None:
    """Give the project at `root` the DAG, the library and DVC's settings, and a repository of its own."""
    ignored = shutil.ignore_patterns("__pycache__", "config.local", "tmp", "cache")
    for name in ENGINES:
        source = ROOT / name
        shutil.copytree(source, root / name, ignore=ignored) if source.is_dir() else shutil.copy(source, root / name)
    (root / "data/raw/truth").mkdir(parents=True, exist_ok=True)
    workspace = Workspace(root)
    workspace.run("git", "init", "--quiet")
    workspace.write(".git/info/exclude", "ran.txt\npaused.txt\nrun.log\n")


def make_project(root: Path) -> Workspace:
    """A fresh project of stand-ins: no artifacts, no memory of either engine."""
    link_engines(root)
    shutil.copy(ROOT / "params.yaml", root)
    (root / "stages").mkdir()
    for script in sorted((ROOT / "stages").glob("*.py")):
        text = STANDIN.read_text().replace("IMPORTS = ...", imports_of(script))
        (root / "stages" / script.name).write_text(script.read_text() if script.stem in REAL else text)
    workspace = Workspace(root)
    for name in ("ada", "bo"):
        workspace.write(f"people/{name}.yaml", f"name: {name}\n")
        workspace.write(f"data/raw/{name}.mp4", f"footage of {name}")
    workspace.write("data/raw/truth/bo.parquet", "truth")
    workspace.run("python", "-m", "understudy.engines.render")
    return workspace


def make_tiny(root: Path) -> Workspace:
    """The tiny project with the real stages, in which nothing has been made."""
    shutil.copytree(ROOT / "tests/tiny", root)
    link_engines(root)
    shutil.copytree(ROOT / "stages", root / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    workspace = Workspace(root)
    workspace.run("python", "-m", "understudy.engines.render")
    return workspace


def more_upsampling(params: dict) -> None:
    """An edit of stage faces."""
    params["faces"]["upsample"] += 1


def less_upsampling(params: dict) -> None:
    """The same edit taken back."""
    params["faces"]["upsample"] -= 1
