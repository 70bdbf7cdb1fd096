"""understudy: what the stages of the face-replacement pipeline share."""
