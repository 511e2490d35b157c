"""Draw the pictures of docs/decodability.md: untrained networks, and rows that were trained on.

python docs/figures/meaning.py
"""

from __future__ import annotations

from typing import Any

import numpy as np
from drawing import BLUE, GREY, ORANGE, figure, save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import pidtools as pt

ATOMS = ("distilled", "distillable", "student_only")
COLOURS = (BLUE, ORANGE, GREY)


def layers(network: Any, X: Any) -> list[Any]:
    """Hidden layers after their ReLU."""
    found = []
    for weights, bias in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        X = np.maximum(X @ weights + bias, 0)
        found.append(X)
    return found


def fitted(X: Any, Y: Any, *widths: int, n_epochs: int = 300) -> Any:
    """A perceptron, trained or (0 epochs) not."""
    network = MLPClassifier(widths, learning_rate_init=0.01, max_iter=n_epochs or 1, random_state=0)
    if n_epochs:
        return network.fit(X, Y)
    network.set_params(learning_rate_init=1e-12)
    return network.fit(X, Y)


def main() -> None:
    """Train three networks, measure and draw."""
    X, Y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, Y, test_size=0.5, random_state=0)
    teacher, student = fitted(X_train, y_train, 64, 32), fitted(X_train, y_train, 4)
    untrained = fitted(X_train, y_train, 64, 32, n_epochs=0)

    axes = figure(4.6, 2.6)
    names = ("pixels", "h1", "h2")
    for shift, network, title, colour in (
        (-0.2, teacher, "trained", BLUE),
        (0.2, untrained, "untrained", ORANGE),
    ):
        bits = [pt.mutual_information(rows, y_test) for rows in (X_test, *layers(network, X_test))]
        print(title, np.round(bits, 2))
        axes.bar(np.arange(3) + shift, bits, 0.38, label=title, color=colour)
    axes.axhline(np.log2(10), color=GREY, lw=1, ls="--")
    axes.set(ylabel="bits decodable of Y", xticks=range(3), xticklabels=names, ylim=(0, 4.2))
    axes.legend(loc="upper right", ncols=2, frameon=False)
    save(axes, "meaning_untrained")

    axes = figure(4.6, 2.6)
    for place, (rows, labels) in enumerate(((X_train, y_train), (X_test, y_test))):
        T, S = layers(teacher, rows)[-1], layers(student, rows)[-1]
        r = pt.distillable_knowledge(T, S, labels, synergy=False)
        bottom = 0.0
        print(r.summary())
        for atom, colour in zip(ATOMS, COLOURS, strict=True):
            bits = max(getattr(r, atom), 0.0)
            label = atom.replace("_", " ") if place else None
            axes.bar(place, bits, 0.55, bottom, color=colour, label=label)
            if bits > 0.15:
                axes.text(
                    place, bottom + bits / 2, f"{bits:.2f}", ha="center", va="center", color="white"
                )
            bottom += bits
    accuracies = [network.score(X_test, y_test) for network in (teacher, student)]
    print("accuracy on held-out rows", np.round(accuracies, 3))
    axes.set(
        ylabel="bits",
        xticks=range(2),
        xlim=(-0.6, 2.2),
        xticklabels=("training rows", "held-out rows"),
    )
    axes.legend(loc="center right", frameon=False, reverse=True)
    save(axes, "meaning_rows")


if __name__ == "__main__":
    main()
