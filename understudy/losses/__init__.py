"""Losses between what was painted and what was wanted: one pure function a file, named as the file."""
