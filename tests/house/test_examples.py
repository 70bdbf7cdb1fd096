"""The examples of the documents are settings that the code takes."""

import re
from pathlib import Path

import pytest
import yaml

from stages.swapper import SwapperSettings
from understudy.model import model_settings
from understudy.sections import read_params

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = BLOCK.findall((ROOT / "docs/training.md").read_text())


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_of_training_is_taken(example):
    params, given = read_params(ROOT / "params.yaml"), yaml.safe_load(example)
    for name, values in given.get("models", {}).items():
        settings = model_settings(name).model_validate(params["models"][name] | values)
        assert settings.model_fields_set >= set(values)
    if "swapper" in given:
        assert SwapperSettings.model_validate(params["swapper"] | given["swapper"])


def test_there_are_examples():
    assert len(EXAMPLES) > 5
