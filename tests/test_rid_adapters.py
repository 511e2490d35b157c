"""The adapters of docs/rid.md: losses and gradients arrive in torch, JAX and a NumPy loop."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rid_helpers import rows

from pidtools import rid

PAGE = (Path(__file__).parents[1] / "docs" / "rid.md").read_text(encoding="utf-8")
T, S, Y = rows()
T, S = T.astype(np.float32), S.astype(np.float32)


def of_page(language: str) -> dict[str, Any]:
    """Names that the page's blocks in that language define."""
    names: dict[str, Any] = {}
    blocks = re.findall(rf"^```python {language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/rid.md", "exec"), names)
    return names


def warm() -> rid.RedundantInformationDistillation:
    distiller = rid.RedundantInformationDistillation()
    distiller.warm_up(T, Y)
    return distiller


def test_torch() -> None:
    torch = pytest.importorskip("torch")
    names = of_page("torch")
    distiller, twin = warm(), warm()
    layer = torch.nn.Linear(4, 4)
    x = torch.from_numpy(S)
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    losses = []
    for _ in range(30):
        hidden = layer(x)
        hidden.retain_grad()
        loss = 3 * names["RID"].apply(hidden, torch.from_numpy(T), distiller)
        optimiser.zero_grad()
        loss.backward()
        expected, grad = twin.step(hidden.detach().numpy(), T)
        assert loss.item() == pytest.approx(3 * expected, rel=1e-5)
        np.testing.assert_allclose(hidden.grad.numpy(), 3 * grad, rtol=1e-5, atol=1e-7)
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_a_training_in_torch() -> None:
    """The student learns labels that its inputs tell."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    n_classes = int(Y.max()) + 1
    body, head = torch.nn.Linear(n_classes, 4), torch.nn.Linear(4, n_classes)
    optimizer = torch.optim.Adam([*body.parameters(), *head.parameters()], lr=0.05)
    distiller, schedule = rid.RedundantInformationDistillation(), rid.RIDSchedule(n_w=1, q=4, r=0.5)
    X = torch.eye(n_classes)[torch.from_numpy(Y)]
    told = torch.from_numpy(T), torch.from_numpy(Y)
    of_page("torch")["distil"](body, head, X, *told, distiller, schedule, 61, 0.1, optimizer)
    assert (head(body(X)).argmax(1).numpy() == Y).mean() > 0.9


def test_jax() -> None:
    jax = pytest.importorskip("jax")
    names = of_page("jax")
    distiller, twin = warm(), warm()
    rid_loss = names["rid_loss_of"](distiller)
    step = jax.jit(jax.value_and_grad(lambda s, t: 3 * rid_loss(s, t)))
    for _ in range(3):
        alone = float(jax.jit(rid_loss)(S, T))
        loss, grad = step(S, T)
        expected, its = twin.step(S, T)
        assert alone == pytest.approx(expected, rel=1e-5)
        assert float(loss) == pytest.approx(3 * expected, rel=1e-5)
        np.testing.assert_allclose(grad, 3 * its, rtol=1e-5, atol=1e-7)


def test_a_loop_in_numpy_learns() -> None:
    names: dict[str, Any] = {}
    block = next(b for b in re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S) if "class" in b)
    exec(compile(block.split("\nrng =")[0], "docs/rid.md", "exec"), names)
    X, labels = np.hstack([T, S]), Y
    student = names["Student"](n_epochs=30).fit(X, T, labels)
    assert (student.predict(X) == labels).mean() > 0.9
