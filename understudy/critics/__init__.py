"""Critics: networks that learn to tell painted faces from real ones, or people's codes apart; one a file."""
