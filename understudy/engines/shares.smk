# What Snakemake runs besides the stages where a clip has several shares; see shares.py. Settings, code and the age of
# inputs are no matter here: a share runs when its stage has to, and its pieces say what they were made of.


rule faces_share:
    """A share of the pieces that rule faces gathers."""
    input:
        frames=ancient("data/frames/{clip}.parquet"),
    output:
        touch(temp(".understudy/shares/faces/{clip}.{share}-of-{number}")),
    log:
        "logs/faces/{clip}.{share}-of-{number}.log",
    resources:
        mem_mb=1000,
    shell:
        "python stages/faces.py --frames {input.frames} --faces data/faces/{wildcards.clip}.parquet"
        " --share {wildcards.share}/{wildcards.number} 2>&1 | tee {log} >&2"


rule landmarks_share:
    """A share of the pieces that rule landmarks gathers."""
    input:
        frames=ancient("data/frames/{clip}.parquet"),
        faces=ancient("data/faces/{clip}.parquet"),
    output:
        touch(temp(".understudy/shares/landmarks/{clip}.{share}-of-{number}")),
    log:
        "logs/landmarks/{clip}.{share}-of-{number}.log",
    resources:
        mem_mb=1000,
    shell:
        "python stages/landmarks.py --frames {input.frames} --faces {input.faces}"
        " --landmarks data/landmarks/{wildcards.clip}.parquet"
        " --share {wildcards.share}/{wildcards.number} 2>&1 | tee {log} >&2"


rule embeddings_share:
    """A share of the pieces that rule embeddings gathers."""
    input:
        frames=ancient("data/frames/{clip}.parquet"),
        landmarks=ancient("data/landmarks/{clip}.parquet"),
    output:
        touch(temp(".understudy/shares/embeddings/{clip}.{share}-of-{number}")),
    log:
        "logs/embeddings/{clip}.{share}-of-{number}.log",
    resources:
        mem_mb=1000,
    shell:
        "python stages/embeddings.py --frames {input.frames} --landmarks {input.landmarks}"
        " --embeddings data/embeddings/{wildcards.clip}.parquet"
        " --share {wildcards.share}/{wildcards.number} 2>&1 | tee {log} >&2"


rule swaps_share:
    """A share of the pieces that rule swaps gathers."""
    input:
        frames=ancient("data/frames/{clip}.parquet"),
        landmarks=ancient("data/landmarks/{clip}.parquet"),
        identities=ancient("data/identities.parquet"),
        swapper=ancient(multiext("data/swapper/{source}-{target}/", "weights.safetensors", "settings.json")),
        source_consent=ancient("people/{source}.yaml"),
        target_consent=ancient("people/{target}.yaml"),
    output:
        touch(temp(".understudy/shares/swaps/{clip}.{source}-for-{target}.{share}-of-{number}")),
    log:
        "logs/swaps/{clip}.{source}-for-{target}.{share}-of-{number}.log",
    resources:
        gpu=1,
        mem_mb=4000,
    shell:
        "python stages/swaps.py --frames {input.frames} --landmarks {input.landmarks} --identities {input.identities}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target}"
        " --source-consent {input.source_consent} --target-consent {input.target_consent}"
        " --swaps data/swaps/{wildcards.clip}.{wildcards.source}-for-{wildcards.target}.parquet"
        " --share {wildcards.share}/{wildcards.number} 2>&1 | tee {log} >&2"
