"""Every model small enough to be trained in a test: changes of its section of params.yaml, a line a model."""

TINY = {
    "driven": {"nodes": 3},
    "compact": {"batch": 4},
    "original": {"batch": 2, "width": 8, "nodes": 16},
    "realface": {"batch": 2, "nodes": 16, "code_width": 24, "encoder_width": 8, "decoder_width": 32},
    "dlight": {"batch": 2, "output_px": 128, "width": 8, "nodes": 16, "decoder_width": 32},
    "unbalanced": {
        "batch": 2,
        "resolution_px": 64,
        "encoder_width": 8,
        "nodes": 16,
        "code_width": 24,
        "target_width": 16,
        "source_width": 24,
    },
    "phaze_a": {
        "batch": 2,
        "output_px": 64,
        "encoder": {"scaling": 4, "depth": 3, "min_filters": 8, "max_filters": 32},
        "bottleneck": {"size": 16},
        "fc": {"min_filters": 16, "max_filters": 16},
        "gblock": {"min_nodes": 8, "max_nodes": 8},
        "decoder": {"min_filters": 8, "max_filters": 16},
    },
}
