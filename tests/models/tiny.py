"""Every model small enough to be trained in a test: changes of its section of params.yaml, a line a model."""

TINY = {
    "driven": {"nodes": 3},
    "compact": {"batch": 4},
    "original": {"batch": 2, "width": 8, "nodes": 16},
    "df": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32, "options": "udt"},
    "liae": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32},
    "amp": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32, "inter_dims": 32},
    "faceswap_gan": {"batch": 2, "width": 8, "nodes": 16},
}
