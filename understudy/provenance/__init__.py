"""Who agreed to what, and what a finished file says about itself.

consent        the records people/{person}.yaml, and whether they allow a swap
certificates   X.509 chains and keys, made and parsed
keys           the key that signs, one's own or a studio's, and the roots that are trusted
claim          what a shot says about how it was made
credentials    content credentials (C2PA), written into files and read back
unsealed       the parts of a file that its signature leaves open
verify         any file's credentials in plain words: `python -m understudy.provenance FILE`
"""
