"""What holds Snakemake and DVC to one DAG: code as an input, the rendering of dvc.yaml, and the bridges between them."""
