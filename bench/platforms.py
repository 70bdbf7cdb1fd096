"""Which artifacts change with the machine and its surroundings: every stage, run again in each variant, by hash.

The tiny project is run once; then each stage is given the same inputs in every variant, so that a difference stays in
the stage that makes it. Variants of the shared level (see understudy/arithmetic.py) are compared with it, variants of
`native` with that. Emulated CPUs need qemu-user and run some twenty times slower; they are tried when asked for.

    PYTHONPATH=. python bench/platforms.py
    PYTHONPATH=. python bench/platforms.py --stages swapper swaps --variants threads-1 qemu-haswell --model driven
"""

import argparse
import hashlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml

from tests.engines.workspace import ROOT, Workspace, link_engines
from understudy.arithmetic import SHARED
from understudy.files import sha256_of
from understudy.payload import payload_sha256
from understudy.platforms import PLATFORM

TINY = ROOT / "tests/tiny"
SIGNED = "data/shots"


@dataclass(frozen=True)
class Variant:
    """What is different: variables of the environment (None: unset), what stands before the command, the folder."""

    environment: Mapping[str, str | None] = field(default_factory=dict)
    prefix: Sequence[str] = ()
    folder: str = "project"
    like: str = "shared"
    user: int | None = None


@dataclass(frozen=True)
class Job:
    """One stage's instance: its name, its command, its outputs."""

    name: str
    command: Sequence[str]
    outputs: Sequence[Path]


def native(**environment: str) -> Variant:
    """A variant of the machine's own level; this process has settled its own environment, which is not handed on."""
    return Variant({**dict.fromkeys(SHARED), "UNDERSTUDY_CPU": "native", **environment}, like="native")


def emulated(cpu: str) -> Variant:
    """The shared level on another CPU; its children would run on this one, so there are none."""
    return Variant({"UNDERSTUDY_THREADS": "1"}, prefix=("qemu-x86_64", "-cpu", cpu))


# on another path, in another country, with nothing of their own
STRANGER = Variant(
    {
        "PYTHONHASHSEED": "4242",
        "LC_ALL": "tr_TR.UTF-8",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "TZ": "Pacific/Chatham",
        **dict.fromkeys(("HOME", "USER", "LOGNAME")),
    },
    prefix=("sh", "-c", 'umask 077; exec "$@"', "sh"),
    folder="Zweite Besetzung, größer",
)
NOBODY = Variant(prefix=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"), user=65534)
VARIANTS = {
    "again": Variant(),
    "threads-1": Variant({"UNDERSTUDY_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}),
    "threads-4": Variant({"UNDERSTUDY_THREADS": "4", "OMP_NUM_THREADS": "4", "OPENCV_FOR_THREADS_NUM": "4"}),
    "stranger": STRANGER,
    "nobody": NOBODY,
    "native": native(),
    "aten-avx2": native(ATEN_CPU_CAPABILITY="avx2"),
    "aten-none": native(ATEN_CPU_CAPABILITY="default"),
    "onednn-avx2": native(ONEDNN_MAX_CPU_ISA="AVX2"),
    "mkl": native(MKL_CBWR="COMPATIBLE"),
    "openblas-haswell": native(OPENBLAS_CORETYPE="Haswell"),
    "openblas-zen": native(OPENBLAS_CORETYPE="Zen"),
    "openblas-sse3": native(OPENBLAS_CORETYPE="Prescott"),
    "numpy-avx2": native(NPY_DISABLE_CPU_FEATURES=SHARED["NPY_DISABLE_CPU_FEATURES"]),
    "numpy-sse": native(NPY_DISABLE_CPU_FEATURES=f"X86_V3 {SHARED['NPY_DISABLE_CPU_FEATURES']}"),
    "opencv-avx2": native(OPENCV_CPU_DISABLE="AVX512-SKX"),
    "opencv-sse": native(OPENCV_CPU_DISABLE="AVX512-SKX,AVX2,FMA3,AVX"),
    "ipp-sse42": native(OPENCV_IPP="sse42"),
    "ipp-none": native(OPENCV_IPP="disabled"),
    "arrow": native(ARROW_USER_SIMD_LEVEL="NONE"),
    "libm-no-fma": native(GLIBC_TUNABLES="glibc.cpu.hwcaps=-FMA,-AVX2,-AVX2_Usable,-FMA4"),
    "qemu-haswell": emulated("Haswell-v1"),
    "qemu-epyc": emulated("EPYC-v1"),
    "qemu-skylake": emulated("Skylake-Server-v1"),
}
QUICK = [name for name in VARIANTS if not name.startswith("qemu")]


def main() -> None:
    """Print a line a variant: for each stage = (equal), X (different) or ! (failed); status 1 when a promise breaks.

    The line of `native` says what it changes in the shared level; those below it, what they change in `native`.
    """
    chosen = _arguments()
    broken = False
    with tempfile.TemporaryDirectory(prefix="platforms.") as name:
        reference = made_project(Path(name), model=chosen.model)
        jobs = [job for job in one_of_each(jobs_of(reference)) if not chosen.stages or job.name in chosen.stages]
        print(f"{'':18}{' '.join(job.name for job in jobs)}")
        found = {"shared": [digest(reference.root, job.outputs) for job in jobs]}
        for variant in dict.fromkeys(["native", *(chosen.variants or QUICK)]):
            found[variant] = list(digests(reference, jobs, VARIANTS[variant], Path(name) / variant))
            like = "shared" if variant == "native" else VARIANTS[variant].like
            marks = [_mark(one, other) for one, other in zip(found[variant], found[like], strict=True)]
            widths = [len(job.name) for job in jobs]
            print(f"{variant:18}{' '.join(map(str.center, marks, widths))}", flush=True)
            broken |= variant != "native" and like == "shared" and set(marks) != {"="}
    sys.exit(broken)


def made_project(folder: Path, *, model: str) -> Workspace:
    """The tiny project, all stages run once at the shared level."""
    root = folder / "reference"
    shutil.copytree(TINY, root)
    link_engines(root)
    shutil.copytree(ROOT / "stages", root / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    workspace = Workspace(root)
    workspace.set_params(lambda params: params["swapper"].update(model=model))
    workspace.run("python", "-m", "understudy.engines.render")
    for job in jobs_of(workspace):
        workspace.run(*job.command)
    folder.chmod(0o755)
    return workspace


def jobs_of(project: Workspace) -> list[Job]:
    """Every stage's instances in an order that they can run in."""
    from dvc.repo import Repo  # dear

    with Repo(str(project.root)) as repo:
        order = list(yaml.safe_load(project.read("dvc.yaml"))["stages"])
        stages = sorted(repo.index.stages, key=lambda stage: (order.index(stage.name.split("@")[0]), stage.name))
        return [
            Job(stage.name, [sys.executable, *shlex.split(stage.cmd)[1:]], [Path(out.def_path) for out in stage.outs])
            for stage in stages
        ]


def one_of_each(jobs: Sequence[Job]) -> list[Job]:
    """The last job of every stage, named as the stage."""
    last = {job.name.split("@")[0]: job for job in jobs}
    return [replace(job, name=name) for name, job in last.items()]


def digests(reference: Workspace, jobs: Sequence[Job], variant: Variant, folder: Path) -> Iterator[str]:
    """A digest of what each job makes in the variant from the reference's inputs; empty when it fails."""
    root = folder / variant.folder
    shutil.copytree(reference.root, root)
    if variant.user is not None:
        subprocess.run(["chown", "-R", str(variant.user), folder], check=True)
    environment = Workspace(root).environment() | variant.environment
    for job in jobs:
        environment = {name: value for name, value in environment.items() if value is not None}
        command = [*variant.prefix, *job.command]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{job.name}: {' '.join(command[:4])}: {done.stderr.strip()[-300:]}", file=sys.stderr)
        yield "" if done.returncode else digest(root, job.outputs)
        for path in job.outputs:
            shutil.copy(reference.root / path, root / path)
    shutil.rmtree(folder)


def digest(root: Path, outputs: Sequence[Path]) -> str:
    """The SHA-256 of what outputs say: of signed films and pictures what they show, of others their bytes."""
    whole = hashlib.sha256()
    for path in sorted(outputs):
        if path.name != PLATFORM:
            signed = path.as_posix().startswith(SIGNED)
            whole.update((payload_sha256(root / path) if signed else sha256_of(root / path)).encode())
    return whole.hexdigest()


def _mark(found: str, expected: str) -> str:
    return "!" if not found else "=" if found == expected else "X"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--stages", nargs="*", default=[])
    parser.add_argument("--variants", nargs="*", default=[], choices=VARIANTS)
    parser.add_argument("--model", default="compact")
    return parser.parse_args()


if __name__ == "__main__":
    main()
