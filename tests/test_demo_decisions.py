"""The parts of the demonstration that ask for decisions: layers, training, classes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers import LDA

from pidtools import demo_decisions
from pidtools.demo import STUDENT_WIDTHS, layers_of, split_digits, train
from pidtools.demo_decisions import WHAT, decide

FILES = {"map": ("student_layer", 6), "trace": ("step", 3), "where": ("label", 10)}


@pytest.mark.parametrize(
    "what", ["where", *(pytest.param(what, marks=pytest.mark.slow) for what in WHAT[:2])]
)
def test_each_part_writes_its_numbers_and_its_picture(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_decisions, "EPOCHS", (1, 4, 12))
    steps: list[str] = []
    text = decide(what, tmp_path, steps.append, estimator=LDA)
    assert steps[0] == f"training the networks of the {what}"
    content = json.loads((tmp_path / f"{what}.json").read_text(encoding="utf-8"))
    key, n_rows = FILES[what]
    rows = content["rows"]
    assert len(rows) == n_rows
    assert all(key in row for row in rows)
    assert (tmp_path / f"{what}.png").read_bytes().startswith(b"\x89PNG")
    assert str(rows[0][key]) in text


def test_layers_are_those_of_the_network() -> None:
    learned, (pixels, _) = split_digits()
    network = train(STUDENT_WIDTHS[:1], learned)
    hidden, logits = layers_of(network, pixels)
    assert hidden.shape == (len(pixels), STUDENT_WIDTHS[0])
    assert np.array_equal(logits.argmax(axis=1), network.predict(pixels))
