"""What the networks of several model families are built of: layers, how their weights start, and upscaling."""
