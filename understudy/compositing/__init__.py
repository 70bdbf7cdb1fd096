"""Putting painted faces into frames: outline, matte, colour, light, grain, steadiness."""
