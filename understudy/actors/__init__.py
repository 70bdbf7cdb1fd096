"""Drawn actors: procedural people rendered with numpy and OpenCV, with the truth about every pixel of them."""
