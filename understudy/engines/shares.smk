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


rule scores_share:
    """A share of the pieces that rule scores gathers."""
    input:
        frames=ancient("data/frames/{clip}.parquet"),
        landmarks=ancient("data/landmarks/{clip}.parquet"),
        identities=ancient("data/identities.parquet"),
        embeddings=ancient(expand("data/embeddings/{clip}.parquet", clip=clips)),
        source_crops=ancient("data/crops/{source}.parquet"),
        target_crops=ancient("data/crops/{target}.parquet"),
        swapper=ancient(multiext("data/swapper/{source}-{target}/", "settings.json", "history.csv")),
        swaps=ancient("data/swaps/{clip}.{source}-for-{target}.parquet"),
        shot=ancient("data/shots/{clip}.{source}-for-{target}.mp4"),
        truth=ancient(files_below("data/raw/truth")),
    output:
        touch(temp(".understudy/shares/scores/{clip}.{source}-for-{target}.{share}-of-{number}")),
    log:
        "logs/scores/{clip}.{source}-for-{target}.{share}-of-{number}.log",
    resources:
        mem_mb=2000,
    params:
        name="{clip}.{source}-for-{target}",
    shell:
        "python stages/scores.py --frames {input.frames} --landmarks {input.landmarks} --identities {input.identities}"
        " --embeddings data/embeddings --source-crops {input.source_crops} --target-crops {input.target_crops}"
        " --swapper data/swapper/{wildcards.source}-{wildcards.target} --swaps {input.swaps} --shot {input.shot}"
        " --truth data/raw/truth --scores data/scores/{params.name}.json"
        " --picture data/shots/{params.name}.comparison.png --payloads data/shots/{params.name}.comparison.payload"
        " --film data/shots/{params.name}.comparison.mp4"
        " --share {wildcards.share}/{wildcards.number} 2>&1 | tee {log} >&2"


shares.keep_out_of_groups(workflow)
