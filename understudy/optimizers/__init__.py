"""Optimizers: one file each, named as `swapper.optimizer` in params.yaml; `build` makes one."""
