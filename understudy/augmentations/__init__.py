"""Augmentations, one file each: `sample(generator, …)` draws parameters, `apply(parameters, …)` uses them.

Geometry acts on *positions*: a (B, H, W, 2) map that says for every pixel of the result where it reads from, in
normalised coordinates (x, y; −1 and 1 are the picture's borders, not its outer pixels' centres). Pictures, masks and
landmarks that go through the same positions move together, and any draw can be replayed.
"""
