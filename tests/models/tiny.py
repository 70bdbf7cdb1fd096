"""Every model small enough to be trained in a test: changes of its section of params.yaml, a line a model."""

TINY = {
    "driven": {"nodes": 3},
    "compact": {"batch": 4},
    "original": {"batch": 2, "width": 8, "nodes": 16},
    "lightweight": {"batch": 2, "width": 8, "nodes": 16},
    "iae": {"batch": 2, "width": 8, "nodes": 16},
    "dfaker": {"batch": 2, "width": 8, "nodes": 16},
    "dfl_h128": {"batch": 2, "width": 8, "code_dims": 16},
}
