"""What the landmark-driven model stands on: steady points, shape models, readings, line maps, warps, an atlas."""
