"""From footage and consents to signed shots and their scores: one rule a stage, and the only definition of the DAG.

dvc.yaml is rendered from these rules (`make dvc.yaml`). The rules' parameters are sections of params.yaml, so that an
edit reruns exactly what depends on it. So is code: `recipe` is a digest of a script, of all it imports, of what its
section names (a model, a loss) or a key of another one does, where that is given, and of the versions of the packages
these import. `after` names what only DVC has to wait for, since Snakemake checks the nouns itself when it reads this
file. `shares` puts the jobs that share a long clip before the rule that gathers them: `--set-scatter share=16` allows up
to 16 of them a clip.
"""

from understudy.engines import hooks
from understudy.engines.project import files_below, one_line_errors, open_project
from understudy.engines.shares import Shares


scattergather:
    share=1,


with one_line_errors():
    project = open_project(config)
    shares = Shares(project, most=len(scatter.share("{scatteritem}")))

clips = list(project.nouns.clips)
people = project.nouns.people
section = project.section
recipe = project.recipe
model = f"models.{section('swapper.model')}"


wildcard_constraints:
    clip="[a-z0-9_]+",
    person="[a-z0-9_]+",
    source="[a-z0-9_]+",
    target="[a-z0-9_]+",


localrules:
    all,
    nouns,
    clips,


rule all:
    """Every artifact, so that a lost one is made again even where nothing below it has to be."""
    input:
        "data/nouns.txt",
        "data/clips.json",
        expand("data/{stage}/{clip}.parquet", stage=["frames", "faces", "landmarks", "embeddings"], clip=clips),
        "data/identities.parquet",
        expand("data/crops/{person}.parquet", person=people),
        expand("data/swapper/{pair}/weights.safetensors", pair=project.pairs),
        expand("data/swaps/{shot}.parquet", shot=project.shots),
        expand("data/shots/{shot}.mp4", shot=project.shots),
        expand("data/scores/{shot}.json", shot=project.shots),


rule nouns:
    """The nouns of params.yaml and what it chooses by name, checked before anything else runs."""
    output:
        nouns="data/nouns.txt",
    log:
        "logs/nouns/nouns.log",
    params:
        recipe=recipe("nouns"),
        clips=section("clips"),
        people=section("people"),
        pairs=section("pairs"),
        shots=section("shots"),
        model=section("swapper.model"),
        optimizer=section("swapper.optimizer"),
    shell:
        "python stages/nouns.py --nouns {output.nouns} 2>&1 | tee {log} >&2"


rule clips:
    """The clips and people that gathering stages look at; what was made of others is removed."""
    output:
        clips="data/clips.json",
    log:
        "logs/clips/clips.log",
    params:
        recipe=recipe("clips"),
        after="data/nouns.txt",
        clips=section("clips"),
        people=section("people"),
    shell:
        "python stages/clips.py --clips {output.clips} 2>&1 | tee {log} >&2"


rule frames:
    """Which frames a clip has: times, scenes, and the hash of their decoded pixels."""
    input:
        footage=lambda wildcards: project.footage_files(wildcards.clip),
    output:
        frames="data/frames/{clip}.parquet",
    log:
        "logs/frames/{clip}.log",
    benchmark:
        "benchmarks/frames/{clip}.tsv"
    resources:
        mem_mb=1000,
    params:
        recipe=recipe("frames"),
        after="data/nouns.txt",
        frames=section("frames"),
        footage=lambda wildcards: project.nouns.clips[wildcards.clip],
    shell:
        "python stages/frames.py --footage {params.footage} --frames {output.frames} 2>&1 | tee {log} >&2"


rule faces:
    """Where the faces are: boxes, scores, tracks."""
    input:
        frames="data/frames/{clip}.parquet",
        shares=shares.of("faces"),
    output:
        faces="data/faces/{clip}.parquet",
    log:
        "logs/faces/{clip}.log",
    benchmark:
        "benchmarks/faces/{clip}.tsv"
    resources:
        mem_mb=1000,
    params:
        recipe=recipe("faces"),
        faces=section("faces"),
    shell:
        "python stages/faces.py --frames {input.frames} --faces {output.faces} 2>&1 | tee {log} >&2"


rule landmarks:
    """The 68 points of each face, how sure they are, pose and sharpness."""
    input:
        frames="data/frames/{clip}.parquet",
        faces="data/faces/{clip}.parquet",
        shares=shares.of("landmarks"),
    output:
        landmarks="data/landmarks/{clip}.parquet",
    log:
        "logs/landmarks/{clip}.log",
    benchmark:
        "benchmarks/landmarks/{clip}.tsv"
    resources:
        mem_mb=1000,
    params:
        recipe=recipe("landmarks"),
        landmarks=section("landmarks"),
    shell:
        "python stages/landmarks.py --frames {input.frames} --faces {input.faces}"
        " --landmarks {output.landmarks} 2>&1 | tee {log} >&2"


rule embeddings:
    """Whom each face looks like: a vector of 128 numbers."""
    input:
        frames="data/frames/{clip}.parquet",
        landmarks="data/landmarks/{clip}.parquet",
        shares=shares.of("embeddings"),
    output:
        embeddings="data/embeddings/{clip}.parquet",
    log:
        "logs/embeddings/{clip}.log",
    benchmark:
        "benchmarks/embeddings/{clip}.tsv"
    resources:
        mem_mb=1000,
    params:
        recipe=recipe("embeddings"),
        embeddings=section("embeddings"),
    shell:
        "python stages/embeddings.py --frames {input.frames} --landmarks {input.landmarks}"
        " --embeddings {output.embeddings} 2>&1 | tee {log} >&2"


rule identities:
    """Who is who over all clips: clusters of faces, and the people on record among them."""
    input:
        clips="data/clips.json",
        embeddings=expand("data/embeddings/{clip}.parquet", clip=clips),
        people=files_below("people"),
    output:
        identities="data/identities.parquet",
    log:
        "logs/identities/identities.log",
    benchmark:
        "benchmarks/identities/identities.tsv"
    resources:
        mem_mb=2000,
    params:
        recipe=recipe("identities", "landmarks.backend"),
        identities=section("identities"),
    shell:
        "python stages/identities.py --clips {input.clips} --embeddings data/embeddings --people people"
        " --identities {output.identities} 2>&1 | tee {log} >&2"


rule crops:
    """The curated face set of a person: aligned faces, masks, splits, and why others were left out."""
    input:
        clips="data/clips.json",
        frames=expand("data/frames/{clip}.parquet", clip=clips),
        landmarks=expand("data/landmarks/{clip}.parquet", clip=clips),
        identities="data/identities.parquet",
    output:
        crops="data/crops/{person}.parquet",
    log:
        "logs/crops/{person}.log",
    benchmark:
        "benchmarks/crops/{person}.tsv"
    resources:
        mem_mb=2000,
    params:
        recipe=recipe("crops"),
        crops=section("crops"),
    shell:
        "python stages/crops.py --clips {input.clips} --frames data/frames --landmarks data/landmarks"
        " --identities {input.identities} --crops {output.crops} 2>&1 | tee {log} >&2"


rule swapper:
    """A network that paints the source's likeness over the target's performance."""
    input:
        source_crops="data/crops/{source}.parquet",
        target_crops="data/crops/{target}.parquet",
        source_consent="people/{source}.yaml",
        target_consent="people/{target}.yaml",
    output:
        weights="data/swapper/{source}-{target}/weights.safetensors",
        settings="data/swapper/{source}-{target}/settings.json",
        history="data/swapper/{source}-{target}/history.csv",
        preview="data/swapper/{source}-{target}/preview.png",
        platform="data/swapper/{source}-{target}/platform.json",
    log:
        "logs/swapper/{source}-{target}.log",
    benchmark:
        "benchmarks/swapper/{source}-{target}.tsv"
    threads: workflow.cores
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        recipe=recipe("swapper"),
        production=section("production"),
        swapper=section("swapper"),
        models={model: section(model)},
    shell:
        "python stages/swapper.py --source-crops {input.source_crops} --target-crops {input.target_crops}"
        " --source-consent {input.source_consent} --target-consent {input.target_consent}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target} 2>&1 | tee {log} >&2"


rule swaps:
    """What the network paints over every face of the target in a shot's clip."""
    input:
        frames="data/frames/{clip}.parquet",
        landmarks="data/landmarks/{clip}.parquet",
        identities="data/identities.parquet",
        swapper=multiext("data/swapper/{source}-{target}/", "weights.safetensors", "settings.json"),
        source_consent="people/{source}.yaml",
        target_consent="people/{target}.yaml",
        shares=shares.of("swaps"),
    output:
        swaps="data/swaps/{clip}.{source}-for-{target}.parquet",
    log:
        "logs/swaps/{clip}.{source}-for-{target}.log",
    benchmark:
        "benchmarks/swaps/{clip}.{source}-for-{target}.tsv"
    threads: workflow.cores
    resources:
        gpu=1,
        mem_mb=4000,
    params:
        recipe=recipe("swaps", "swapper.model"),
        production=section("production"),
        swaps=section("swaps"),
    shell:
        "python stages/swaps.py --frames {input.frames} --landmarks {input.landmarks} --identities {input.identities}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target}"
        " --source-consent {input.source_consent} --target-consent {input.target_consent}"
        " --swaps {output.swaps} 2>&1 | tee {log} >&2"


rule shots:
    """The finished shot: composited, encoded with the clip's sound, signed."""
    input:
        frames="data/frames/{clip}.parquet",
        swaps="data/swaps/{clip}.{source}-for-{target}.parquet",
        swapper=multiext("data/swapper/{source}-{target}/", "weights.safetensors", "settings.json"),
        source_consent="people/{source}.yaml",
        target_consent="people/{target}.yaml",
    output:
        shot="data/shots/{clip}.{source}-for-{target}.mp4",
        payloads="data/shots/{clip}.{source}-for-{target}.payload",
    log:
        "logs/shots/{clip}.{source}-for-{target}.log",
    benchmark:
        "benchmarks/shots/{clip}.{source}-for-{target}.tsv"
    threads: workflow.cores
    resources:
        mem_mb=2000,
    params:
        recipe=recipe("shots"),
        production=section("production"),
        look=section("look"),
    shell:
        "python stages/shots.py --frames {input.frames} --swaps {input.swaps}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target}"
        " --source-consent {input.source_consent} --target-consent {input.target_consent}"
        " --payloads {output.payloads} --shot {output.shot} 2>&1 | tee {log} >&2"


rule scores:
    """How good a shot is, measured, and the performance, the shot and the true swap side by side."""
    input:
        frames="data/frames/{clip}.parquet",
        landmarks="data/landmarks/{clip}.parquet",
        identities="data/identities.parquet",
        embeddings=expand("data/embeddings/{clip}.parquet", clip=clips),
        source_crops="data/crops/{source}.parquet",
        target_crops="data/crops/{target}.parquet",
        swapper=multiext("data/swapper/{source}-{target}/", "settings.json", "history.csv"),
        swaps="data/swaps/{clip}.{source}-for-{target}.parquet",
        shot="data/shots/{clip}.{source}-for-{target}.mp4",
        truth=files_below("data/raw/truth"),
        shares=shares.of("scores"),
    output:
        scores="data/scores/{clip}.{source}-for-{target}.json",
        picture="data/shots/{clip}.{source}-for-{target}.comparison.png",
        film="data/shots/{clip}.{source}-for-{target}.comparison.mp4",
        payloads="data/shots/{clip}.{source}-for-{target}.comparison.payload",
    log:
        "logs/scores/{clip}.{source}-for-{target}.log",
    benchmark:
        "benchmarks/scores/{clip}.{source}-for-{target}.tsv"
    threads: 2
    resources:
        mem_mb=2000,
    params:
        recipe=recipe("scores", "landmarks.backend"),
        scores=section("scores"),
    shell:
        "python stages/scores.py --frames {input.frames} --landmarks {input.landmarks} --identities {input.identities}"
        " --embeddings data/embeddings --source-crops {input.source_crops} --target-crops {input.target_crops}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target} --swaps {input.swaps} --shot {input.shot}"
        " --truth data/raw/truth --scores {output.scores} --picture {output.picture} --payloads {output.payloads}"
        " --film {output.film} 2>&1 | tee {log} >&2"


if shares.are_many:

    include: "understudy/engines/shares.smk"


with one_line_errors():
    hooks.after_reading(workflow, project)


onstart:
    hooks.on_start(workflow, project)


onsuccess:
    hooks.on_end(workflow, project)


onerror:
    hooks.on_end(workflow, project)
