"""Models: one file each, the folder is the registry; see understudy.model for what one must do."""
