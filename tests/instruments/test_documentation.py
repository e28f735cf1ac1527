from __future__ import annotations

from pathlib import Path

import pytest

from instruments import Kind
from instruments.routing import Operator
from instruments.shapes import (
    ConditionShape,
    DefinitionShape,
    ItemShape,
    ItemTextShape,
    PageShape,
    PageTextShape,
    ResponsesShape,
    ReviewShape,
    ScaleShape,
    TextShape,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "instruments.md"
SHAPES = [
    ConditionShape,
    DefinitionShape,
    ItemShape,
    ItemTextShape,
    PageShape,
    PageTextShape,
    ResponsesShape,
    ReviewShape,
    ScaleShape,
    TextShape,
]
# A scale's status has one possible value, which the page tells in words.
WORDS = {"status": "candidate"}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_key_of_the_format_is_documented(shape):
    documented = DOCUMENT.read_text("utf-8")
    keys = [field.alias or name for name, field in shape.model_fields.items()]

    missing = [
        key
        for key in keys
        if f"`{WORDS.get(key, key)}`" not in documented and f"{key}:" not in documented
    ]
    assert missing == []


@pytest.mark.parametrize("word", [*Kind, *Operator])
def test_every_kind_and_operator_is_documented(word):
    assert f"`{word}`" in DOCUMENT.read_text("utf-8")
