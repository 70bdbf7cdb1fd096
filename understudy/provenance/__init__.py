"""Who agreed to what, and what a finished file says about itself.

consent        the records people/{person}.yaml, and whether they allow a swap
keys           the certificate chain that signs: one's own, or a studio's
claim          what a shot says about how it was made
credentials    content credentials (C2PA), written into files and read back
verify         any file's credentials in plain words: `python -m understudy.provenance FILE`
"""
