"""The parts of Phaze-A, each with its settings, and its presets."""
