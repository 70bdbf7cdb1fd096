"""Every model small enough to be trained in a test: changes of its section of params.yaml, a line a model."""

MASKED = [{"loss": "mae"}, {"loss": "dssim"}, {"loss": "mae", "of": "mask", "where": "picture"}]
TINY = {
    "driven": {"nodes": 3},
    "compact": {"batch": 4},
    "original": {"batch": 2, "width": 8, "nodes": 16},
    "lightweight": {"batch": 2, "width": 8, "nodes": 16},
    "iae": {"batch": 2, "width": 8, "nodes": 16},
    "dfaker": {"batch": 2, "width": 8, "nodes": 16},
    "dfl_h128": {"batch": 2, "width": 8, "code_dims": 16},
    "dfl_sae": {
        "batch": 2,
        "architecture": "liae",
        "resolution_px": 64,
        "autoencoder_dims": 8,
        "encoder_dims": 3,
        "decoder_dims": 2,
        "multiscale_decoder": True,
        "learn_mask": True,
        "losses": MASKED,
    },
    "villain": {"batch": 2, "width": 8, "nodes": 16, "lowmem": True},
    "df": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32, "options": "udt"},
    "liae": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32},
    "amp": {"batch": 2, "resolution_px": 64, "e_dims": 16, "d_dims": 16, "ae_dims": 32, "inter_dims": 32},
    "faceswap_gan": {"batch": 2, "width": 8, "nodes": 16, "attention": False},
}
