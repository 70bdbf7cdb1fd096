"""What the Snakefile calls while it is read, when jobs start and when they have ended."""


def before_planning(workflow): pass
def after_parsing(workflow, project): pass
def on_start(workflow): pass
def on_end(workflow): pass
