"""The exceptions a person may see, each one line: where, what, what was expected, what to do.

UnderstudyError
├── SettingsError      params.yaml or a people/*.yaml record says something impossible
├── FootageError       a clip cannot be read, or is damaged
├── TableError         an artifact is missing, corrupt, or of another version
├── AnalysisError      faces, landmarks or identities cannot be found where they must be
├── ModelError         a model, its weights or its face sets do not fit
├── ProcessError       a process that works together with others is gone
├── ConsentError       nobody on record allows this
├── CredentialError    content credentials cannot be made, or do not hold
└── EngineError        the two engines disagree, or are asked for something unsafe
"""


class UnderstudyError(Exception):
    """Base of everything a stage reports as one line with exit status 1."""


class SettingsError(UnderstudyError):
    """A parameter or a record is misspelt, out of range or refers to something that is not there."""


class FootageError(UnderstudyError):
    """Footage is missing, damaged, empty or of a kind that cannot be read."""


class TableError(UnderstudyError):
    """A table or another artifact is missing, corrupt or of another version."""


class AnalysisError(UnderstudyError):
    """Faces, landmarks, embeddings or identities that are needed could not be had."""


class ModelError(UnderstudyError):
    """A model is unknown, its weights are corrupt, or its face sets do not suffice."""


class ProcessError(UnderstudyError):
    """One of several processes that work together is gone, and with it what it was to contribute."""


class ConsentError(UnderstudyError):
    """The consent on record does not cover what is asked for."""


class CredentialError(UnderstudyError):
    """Content credentials could not be written, or a file's credentials do not hold."""


class EngineError(UnderstudyError):
    """What Snakemake and DVC know of the artifacts does not agree."""
