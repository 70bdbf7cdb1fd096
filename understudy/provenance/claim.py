"""What a shot says about how it was made: the assertion `org.understudy.shot` of its content credentials."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from understudy.provenance.consent import Consent

LABEL = "org.understudy.shot"
GENERATOR = "understudy"
GENERATOR_VERSION = "0.1.0"
COMPOSITE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"

Kind = Literal["shot", "comparison film", "comparison picture"]
Assertion = Mapping[str, object]


@dataclass(frozen=True)
class ShotClaim:
    """How one shot was made.

    shot             its name, {clip}.{source}-for-{target}
    production       what it was made for, as in params.yaml; None when source and target are the same person
    model            the model that painted the faces
    weights_sha256   hash of the model's weights file
    settings         the values that shaped it, by section of params.yaml ({"shots": {...}, "swapper": {...}})
    inputs           SHA-256 by name of what it was made from; "footage" is the original clip's
    payload_sha256   `understudy.payload.payload_sha256` of the unsigned file
    """

    shot: str
    clip: str
    source: Consent
    target: Consent
    production: str | None
    model: str
    weights_sha256: str
    settings: Mapping[str, object]
    inputs: Mapping[str, str]
    payload_sha256: str

    def assertion(self) -> Assertion:
        """The claim as plain JSON values."""
        return {
            "kind": "shot",
            "shot": self.shot,
            "clip": self.clip,
            "what": what_was_done(self.source, self.target),
            "production": self.production or "",
            "model": self.model,
            "weights_sha256": self.weights_sha256,
            "settings": json.loads(json.dumps(self.settings, sort_keys=True)),
            "settings_sha256": _sha256_of_values(self.settings),
            "consents": {"source": _consent(self.source), "target": _consent(self.target)},
            "inputs": dict(sorted(self.inputs.items())),
            "payload_sha256": self.payload_sha256,
            "generator": f"{GENERATOR} {GENERATOR_VERSION}",
        }


def what_was_done(source: Consent, target: Consent) -> str:
    """One sentence for a viewer."""
    if source.person == target.person:
        return f"{source.name}'s own face was rebuilt over {source.name}'s own performance, to measure the model"
    return f"{source.name}'s likeness was painted over {target.name}'s performance"


def derived_assertion(original: Assertion, *, kind: Kind, parent_sha256: str, payload_sha256: str) -> Assertion:
    """The assertion of something made from a shot (a comparison), which repeats what the shot says of itself."""
    inputs = {"shot": parent_sha256}
    return {**original, "kind": kind, "inputs": inputs, "payload_sha256": payload_sha256}


def _consent(consent: Consent) -> dict[str, object]:
    return {
        "person": consent.person,
        "name": consent.name,
        "kind": consent.kind,
        "allows": sorted(consent.allows),
        "productions": list(consent.productions),
        "from": consent.begins.isoformat(),
        "until": consent.ends.isoformat(),
        "record_sha256": consent.record_sha256,
        "document_sha256": consent.document_sha256,
    }


def _sha256_of_values(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
