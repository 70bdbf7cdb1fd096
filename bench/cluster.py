"""A thousand clips on a hundred nodes, simulated: how long it takes, how busy the nodes are, and what holds it up.

A list schedule of the DAG, without chance: the same figures each time. Costs of stages are CPU seconds a frame,
measured on the sample project, but for those of identities and scores, which are estimates; with `benchmarks/` and
`data/` of a run in the current folder, that run's replace the first four. Costs of jobs were measured with Slurm 22.05,
Snakemake 9.27.1, and its Slurm plugin 2.8.0 (docs/cluster.md). Threads are taken to share a stage's work evenly.
"""

import csv
import heapq
import math
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

NODES, PROCESSORS = 100, 4  # of each node
CLIPS, MEDIAN_FRAMES, SPREAD = 1000, 225, 0.8  # lengths: a log-normal distribution, at even quantiles
LONG_FRAMES = 180_000  # two hours at 25 frames a second
PEOPLE, PAIRS = 40, 20  # a frame shows one of the people

PER_FRAME_S = {
    "frames": 1.6 / 225, "faces": 2.7 / 225, "landmarks": 7.2 / 225, "embeddings": 15.4 / 225,
    "crops": 4.2 / 225, "swaps": 20 / 225, "shots": 15 / 225, "scores": 22 / 225, "identities": 0.001,
}  # fmt: skip
SWAPPER_S = 216.0  # 1,500 steps, whatever the footage
WATCHED = 0.75  # of scores is watching the films, which is shared; the rest is the film of the comparison
THREADS = {"swapper": 4, "swaps": 4, "shots": 4, "scores": 2}  # as in profiles/slurm
ANALYSIS = ("frames", "faces", "landmarks", "embeddings")

START_S, MEMBER_START_S = 4.0, 2.0  # of an empty job, and of each further stage of a group: Snakemake starts again
SUBMIT_S, ARRAY_TASK_S = 0.035, 0.005  # the main process, for a job of its own and for one more of an array
NOTICE_S = 10.0  # between two looks at the queue
IN_QUEUE = 1000  # --jobs
HOW = {(False, False): "a job a stage", (False, True): "arrays", (True, False): "grouped"}


@dataclass
class Job:
    """What Slurm runs at one go: the seconds of its stages, and when it became ready, began and ended."""

    stages: dict[str, float]
    needs: Sequence["Job"]
    threads: int = 1
    waiting: int = 0
    ready_s: float = 0
    began_s: float = 0
    ended_s: float = 0
    noticed_s: float = 0
    unlocks: list["Job"] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its stages, which decide what shares an array."""
        return "+".join(self.stages)

    @property
    def wall_s(self) -> float:
        """How long it holds its processors."""
        work_s = sum(seconds / THREADS.get(stage, 1) for stage, seconds in self.stages.items())
        return START_S + MEMBER_START_S * (len(self.stages) - 1) + work_s


def measured(root: Path = Path()) -> dict[str, float]:
    """CPU seconds a frame of each stage that works clip by clip, from a run's benchmarks where there are any."""
    found = dict(PER_FRAME_S)
    for stage in ANALYSIS:
        pairs = [(_cpu_s(file), _rows(root / f"data/frames/{file.stem}.parquet"))
                 for file in sorted((root / "benchmarks" / stage).glob("*.tsv"))]  # fmt: skip
        if pairs and all(rows for _, rows in pairs):
            found[stage] = sum(cpu for cpu, _ in pairs) / sum(rows for _, rows in pairs)
    return found


def _cpu_s(file: Path) -> float:
    with file.open(encoding="utf-8") as text:
        return float(next(csv.DictReader(text, delimiter="\t"))["cpu_time"])


def _rows(file: Path) -> int:
    import pyarrow.parquet as pq

    return pq.read_metadata(file).num_rows if file.is_file() else 0


def lengths() -> list[int]:
    """Frames of the thousand clips."""
    normal = statistics.NormalDist()
    return [round(MEDIAN_FRAMES * math.exp(SPREAD * normal.inv_cdf((i + 0.5) / CLIPS))) for i in range(CLIPS)]


def dag(costs: dict[str, float], *, shards: int, grouped: bool) -> list[Job]:
    """All jobs, each after those it needs; the long clip in so many shards (0: none), stages grouped or not."""
    jobs: list[Job] = []

    def add(stages: dict[str, float], needs: Sequence[Job], *, together: bool = False) -> Job:
        for part in [stages] if together else [{stage: seconds} for stage, seconds in stages.items()]:
            threads = max(THREADS.get(stage, 1) for stage in part)
            jobs.append(Job(part, needs, threads))
            needs = [jobs[-1]]
        return jobs[-1]

    def add_sharded(stage: str, frames: int, needs: Sequence[Job], *, shared: float = 1) -> Job:
        work_s = costs[stage] * frames
        if shards == 1:
            return add({stage: work_s}, needs)
        parts = [add({stage: shared * work_s / shards}, needs) for _ in range(shards)]
        return add({f"{stage} merged": 1.0 + (1 - shared) * work_s}, parts)

    short = lengths()
    frames = sum(short) + (LONG_FRAMES if shards else 0)
    analysed = [add({stage: costs[stage] * n for stage in ANALYSIS}, [], together=grouped) for n in short]
    if shards:
        long = add({"frames": costs["frames"] * LONG_FRAMES}, [])
        for stage in ANALYSIS[1:]:
            long = add_sharded(stage, LONG_FRAMES, [long])
        analysed.append(long)
    identities = add({"identities": costs["identities"] * frames}, analysed)
    crops = [add({"crops": costs["crops"] * frames / PEOPLE}, [identities]) for _ in range(PEOPLE)]
    swappers = [add({"swapper": SWAPPER_S}, crops[2 * i : 2 * i + 2]) for i in range(PAIRS)]
    if shards:
        swaps = add_sharded("swaps", LONG_FRAMES, [swappers[0]])
        shot = add({"shots": costs["shots"] * LONG_FRAMES}, [swaps])
        add_sharded("scores", LONG_FRAMES, [shot], shared=WATCHED)
    for i, n in enumerate(short):
        painted = add({"swaps": costs["swaps"] * n}, [swappers[i % PAIRS]])
        add({stage: costs[stage] * n for stage in ("shots", "scores")}, [painted], together=grouped)
    return jobs


def simulate(jobs: list[Job], *, arrays: bool) -> float:
    """Run the jobs first come, first served; their times are filled in. Returns the seconds until all is done."""
    for job in jobs:
        job.waiting = len(job.needs)
        for need in job.needs:
            need.unlocks.append(job)
    head_s, processors = 0.0, [PROCESSORS] * NODES
    ready = [(0.0, i) for i, job in enumerate(jobs) if not job.waiting]
    numbers = {id(job): i for i, job in enumerate(jobs)}
    queue: list[tuple[float, int]] = []
    running: list[tuple[float, int, int]] = []
    noticed: list[tuple[float, int]] = []
    in_queue, last, now = 0, "", 0.0
    while ready or queue or running or noticed:
        while ready and ready[0][0] <= now and in_queue < IN_QUEUE:
            _, i = heapq.heappop(ready)
            head_s = max(head_s, now) + (ARRAY_TASK_S if arrays and jobs[i].name == last else SUBMIT_S)
            heapq.heappush(queue, (head_s, i))
            in_queue, last = in_queue + 1, jobs[i].name
        for entry in _startable(queue, now, jobs, processors):
            node = next(k for k, free in enumerate(processors) if free >= jobs[entry[1]].threads)
            processors[node] -= jobs[entry[1]].threads
            jobs[entry[1]].began_s = now
            heapq.heappush(running, (now + jobs[entry[1]].wall_s, entry[1], node))
        coming = [*(heap[0][0] for heap in (running, noticed) if heap)]
        coming += [entry[0] for entry in queue[:1] if entry[0] > now]
        coming += [ready[0][0]] if ready and in_queue < IN_QUEUE and ready[0][0] > now else []
        if not coming:
            break
        now = min(coming)
        while running and running[0][0] <= now:
            ended_s, i, node = heapq.heappop(running)
            processors[node] += jobs[i].threads
            jobs[i].ended_s, jobs[i].noticed_s = ended_s, math.ceil(ended_s / NOTICE_S) * NOTICE_S
            heapq.heappush(noticed, (jobs[i].noticed_s, i))
        while noticed and noticed[0][0] <= now:
            _, i = heapq.heappop(noticed)
            in_queue -= 1
            for after in jobs[i].unlocks:
                after.waiting -= 1
                if not after.waiting:
                    after.ready_s = now
                    heapq.heappush(ready, (now, numbers[id(after)]))
    return max(job.noticed_s for job in jobs)


def _startable(
    queue: list[tuple[float, int]], now: float, jobs: list[Job], processors: list[int]
) -> Iterator[tuple[float, int]]:
    while queue and queue[0][0] <= now and max(processors) >= jobs[queue[0][1]].threads:
        yield heapq.heappop(queue)


def critical_path(jobs: list[Job]) -> dict[str, float]:
    """The seconds of the chain that ends last, by stage; "waiting" is submission, the queue, and noticing the end."""
    spent: dict[str, float] = defaultdict(float)
    job = max(jobs, key=lambda job: job.noticed_s)
    while True:
        spent[job.name.removesuffix(" merged")] += job.ended_s - job.began_s
        spent["waiting"] += job.began_s - job.ready_s + job.noticed_s - job.ended_s
        if not job.needs:
            return dict(spent)
        job = max(job.needs, key=lambda need: need.noticed_s)


def main() -> None:
    """Print a table: makespan, use of the processors, and the three things the critical path is made of most."""
    costs = measured()
    cases = [(shards, grouped, arrays) for shards in (0, 1, 8, 32, 128) for grouped, arrays in HOW]
    print(f"{NODES} nodes of {PROCESSORS} processors; {CLIPS} clips, {sum(lengths())} frames, and one of {LONG_FRAMES}")
    print("| shards of the long clip | short clips | jobs | hours | processors busy | the critical path |")
    print("|---:|---|---:|---:|---:|---|")
    for shards, grouped, arrays in cases:
        jobs = dag(costs, shards=shards, grouped=grouped)
        makespan = simulate(jobs, arrays=arrays)
        busy = sum(sum(job.stages.values()) for job in jobs) / (makespan * NODES * PROCESSORS)
        most = sorted(critical_path(jobs).items(), key=lambda item: -item[1])[:3]
        path = ", ".join(f"{name} {seconds / makespan:.0%}" for name, seconds in most)
        figures = f"{len(jobs)} | {makespan / 3600:.2f} | {busy:.0%}"
        print(f"| {shards or 'none'} | {HOW[grouped, arrays]} | {figures} | {path} |")


if __name__ == "__main__":
    main()
