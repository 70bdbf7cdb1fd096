"""What holds Snakemake and DVC to one DAG: code as an input, dvc.yaml rendered, bridges between them."""
