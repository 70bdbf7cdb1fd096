"""Augmentations, one file each: `sample(generator, …)` draws parameters, `apply(parameters, …)` uses them.

Geometry (affine, flip, warp, warp_cells, warp_to_neighbour) acts on *positions*: a (B, H, W, 2) map that says for every
pixel of the result where it reads from, in normalised coordinates (x, y; −1 and 1 are the picture's borders, not its
outer pixels' centres). Pictures, masks and landmarks that go through the same positions move together.

All others act on the values of *pictures*: (B, 3, H, W), RGB 0–1, of any resolution. They have `Settings`, whose
`share` is the share of pictures that is changed, and one way of use:

    drawn = augmentation.sample(generator, number=B, **settings.model_dump())
    pictures = augmentation.apply(drawn.to(device), pictures)

Pictures outside the share, and all pictures at strength 0, keep every bit. `color_match.apply` takes as a third
argument pictures whose colours are taken on. Any draw can be replayed from its generator, and lengths are shares of
the picture's side, so that a draw means the same at every resolution.
"""
