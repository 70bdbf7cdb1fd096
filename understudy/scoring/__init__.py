"""How good a shot is, in numbers that are not easily fooled, and side by side with what it was made from.

Every measure is a pure function of arrays; what is not seen is NaN and counts as not seen, never as good.

likeness       whom it looks like, in the recogniser's distances
performance    whether pose, mouth, eyes and calm follow the target's performance
pictures       sharpness inside the face, and closeness to another picture
watching       a film seen again with the analysers' eyes
scores         all measures of all films, as one nested map of numbers
sheet          several moments side by side, as one picture
words          the scores in sentences: `python -m understudy.scoring FILE.json`
"""
