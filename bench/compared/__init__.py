"""Every model family trained for the same CPU time, and what the project's own scores say of it."""
