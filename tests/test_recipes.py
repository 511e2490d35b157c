"""The code of `docs/recipes.md` runs as printed, and what it saves is what networks put out."""

from __future__ import annotations

import importlib
import shlex
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from typer.testing import CliRunner

import pidtools as pt
from benchmarks import real_run
from benchmarks.tools.recipes import definitions, imported, recipes
from pidtools import activations, cli

# Few rows make for warnings that other tests are about.
pytestmark = pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")

HOOKS, HIDDEN = "PyTorch", "Hugging Face"
OF_OTHERS = "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning"


def needed(title: str) -> None:
    """Skip where a package of a recipe is not installed, or does not fit to the others."""
    for name in imported("\n".join(recipes()[title])):
        try:
            importlib.import_module(name)
        except (ImportError, RuntimeError, OSError) as error:
            pytest.skip(f"{name}: {error}")


def run(title: str, **names: Any) -> dict[str, Any]:
    """Run a recipe as printed, after what others define that it uses."""
    needed(title)
    names["__name__"] = "__main__"
    for block in recipes()[title]:
        exec(compile(block, title, "exec"), names)
    return names


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


def of_command(*arguments: str) -> str:
    result = CliRunner().invoke(cli.app, [*arguments, "--estimator", "kmeans"])
    assert result.exit_code == 0, result.output
    return result.stdout


def arrays(file: str) -> dict[str, Any]:
    return {key: activations.read(layer, key) for key, layer in activations.layers(file).items()}


def test_every_recipe_has_a_test() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [title for title in recipes() if f'"{title}"' not in text] == []


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn() -> None:
    found = run("scikit-learn")
    saved = arrays("teacher.npz")
    assert list(saved) == ["h1", "h2", "h3", "y"]
    np.testing.assert_array_equal(
        saved["h3"].argmax(axis=1), found["teacher"].predict(found["X_test"])
    )
    command = ("map", "teacher.npz:y", "--teacher", "teacher.npz", "--student", "student.npz")
    assert "h3" in of_command(*command)


class _Logger:
    """What MLflow, TensorBoard and Weights & Biases have in common here: it remembers."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.heard: dict[str, Any] = {}

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def log_metrics(self, numbers: dict[str, float], step: int) -> None:
        self.heard |= {name: (x, step) for name, x in numbers.items()}

    def log(self, numbers: dict[str, float], step: int) -> None:
        self.log_metrics(numbers, step)

    def add_scalar(self, name: str, x: float, step: int) -> None:
        self.log_metrics({name: x}, step)

    def start_run(self) -> Any:
        return self


@pytest.mark.slow
def test_results_to_a_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three hear the same floats, under the same names."""
    mlflow, writer, wandb = _Logger(), _Logger(), _Logger()
    boards = SimpleNamespace(SummaryWriter=lambda folder: writer)
    monkeypatch.setitem(sys.modules, "mlflow", cast(Any, mlflow))
    for name in ("torch", "torch.utils"):
        if name not in sys.modules:
            monkeypatch.setitem(sys.modules, name, cast(Any, SimpleNamespace(__path__=[])))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", cast(Any, boards))
    init = SimpleNamespace(init=lambda **options: wandb)
    monkeypatch.setitem(sys.modules, "wandb", cast(Any, init))
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in recipes()["Results to a logger"]:
        exec(compile(block, "Results to a logger", "exec"), names)
    assert mlflow.heard == writer.heard == wandb.heard
    assert mlflow.heard["pid/distillable"] == (names["r"].distillable, 3)
    assert all(type(x) is float for x, _ in mlflow.heard.values())


def test_pytorch() -> None:
    found = run("PyTorch")
    teacher, rows = found["teacher"], found["rows"]
    saved = arrays("teacher.npz")
    assert list(saved) == ["0", "1", "2", "y"]
    np.testing.assert_allclose(saved["2"], teacher(rows).detach().numpy(), atol=1e-6)
    np.testing.assert_array_equal(saved["1"], np.maximum(saved["0"], 0))
    assert list(arrays("relu.npz")) == ["1"]
    for key, tensor in arrays("teacher.safetensors").items():
        np.testing.assert_array_equal(tensor, saved[key])


def test_hooks_leave_the_network_as_it_was() -> None:
    torch = pytest.importorskip("torch")
    layers_of = definitions(HOOKS)["layers_of"]
    frozen, dropout = torch.nn.BatchNorm1d(3), torch.nn.Dropout(0.5)
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 3), torch.nn.ReLU(inplace=True), frozen, dropout
    )
    frozen.eval()
    rows = torch.randn(10, 4, requires_grad=True)
    found = layers_of(network, rows.split(4))
    assert (found["0"] < 0).any()  # taken before the ReLU wrote over it
    assert torch.equal(found["3"], found["2"])  # no dropout
    assert [m.training for m in network] == [True, True, False, True]
    assert not any(m._forward_hooks for m in network.modules())
    assert not any(x.requires_grad for x in found.values())
    with pytest.raises(RuntimeError):
        layers_of(network, [rows, torch.randn(3, 5)])
    assert not any(m._forward_hooks for m in network.modules())
    assert network.training
    twice = torch.nn.Sequential(network[0], network[1], torch.nn.Linear(3, 3), network[1])
    with pytest.raises(ValueError, match="more than once"):
        layers_of(twice, [rows])
    with pytest.raises(KeyError, match="layer9"):
        layers_of(network, [rows], ["layer9"])


@pytest.mark.slow
def test_the_real_run_goes_from_hooks_to_pages(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With two epochs and clusters; `slow` has it whole."""
    needed(HOOKS)
    pytest.importorskip("plotly")
    monkeypatch.setattr(real_run, "EPOCHS", (1, 2))
    accuracies = real_run.train(folder)
    assert accuracies["teacher"] > 0.6  # so far
    assert list(arrays("student-2.npz")) == list(real_run.LAYERS)
    for command in real_run.COMMANDS:
        of_command(*shlex.split(command.replace("128", "2").replace("--n-jobs 2", "")))
    assert len(Path("map.csv").read_text().splitlines()) == 26
    assert len(Path("trace.csv").read_text().splitlines()) == 3
    for page in ("map.html", "trace.html"):
        assert "student-" in Path(page).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_whole_real_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed(HOOKS)
    pytest.importorskip("plotly")
    monkeypatch.setattr("sys.argv", ["real_run.py"])
    for module in ("store", "written"):
        monkeypatch.setattr(f"benchmarks.tools.{module}.RESULTS", folder)
    real_run.main()
    written = (folder / "real_run.md").read_text()
    assert "8 steps of 899 samples" in written
    assert "Most to distil into logits" in written


def test_in_a_training_of_your_own(capsys: pytest.CaptureFixture[str]) -> None:
    needed("In a training of your own")
    found = run("In a training of your own", **run(HOOKS))
    last = found["log"].last
    assert last["step"] == 1
    assert all(type(x) in (int, float) for x in last.values())
    assert f"{last['distillable']}" in capsys.readouterr().out
    assert len(found["log"].trace()) == 2


def test_torch_fx() -> None:
    found = run("torch.fx")
    saved = arrays("teacher.npz")
    assert list(saved) == ["relu", "add", "head"]
    weights = found["network"].head
    assert len(saved["add"]) == 300
    expected = saved["add"] @ weights.weight.detach().numpy().T + weights.bias.detach().numpy()
    np.testing.assert_allclose(saved["head"], expected, atol=1e-5)


@pytest.mark.filterwarnings(*OF_OTHERS)
def test_torchvision() -> None:
    run("torchvision")
    saved = arrays("teacher.npz")
    assert {k: v.shape for k, v in saved.items()} == {
        "layer1": (24, 64),
        "layer2": (24, 128),
        "layer3": (24, 256),
        "layer4": (24, 512),
        "fc": (24, 10),
    }


@pytest.mark.filterwarnings(*OF_OTHERS)
def test_hugging_face() -> None:
    found = run("Hugging Face")
    network, mask = found["network"], found["mask"]
    texts, tokens = arrays("texts.npz"), arrays("tokens.npz")
    assert list(texts) == ["h0", "h1", "h2", "y"]
    # One text by itself and without padding says the same of its tokens.
    n = int(mask[7].sum())
    with found["torch"].inference_mode():
        alone = (
            network(input_ids=found["encoded"]["input_ids"][7:8, :n]).last_hidden_state[0].numpy()
        )
    own = tokens["text"] == 7
    assert own.sum() == n
    np.testing.assert_allclose(tokens["h2"][own], alone, atol=1e-5)
    np.testing.assert_allclose(texts["h2"][7], alone.mean(axis=0), atol=1e-5)
    assert "h2" in of_command(
        "map", "texts.npz:y", "--teacher", "texts.npz", "--student", "texts.npz"
    )
    left_out = ("--groups", "tokens.npz:text", "--ignore-label", "-100")
    shown = of_command(
        "map", "tokens.npz:y", "--teacher", "tokens.npz", "--student", "tokens.npz:h2", *left_out
    )
    assert "-100" in shown
    assert "text" not in [line.split()[0] for line in shown.splitlines() if line.strip()]


@pytest.mark.filterwarnings(*OF_OTHERS)
def test_keras() -> None:
    found = run("Keras")
    saved = arrays("teacher.npz")
    assert {k: v.shape for k, v in saved.items()} == {"conv": (100, 6, 6, 4), "logits": (100, 10)}
    expected = found["network"].predict(found["X"], verbose=0)
    np.testing.assert_allclose(saved["logits"], expected, atol=1e-5)


def made(torch: Any) -> tuple[Any, Any]:
    """Rows whose first column tells the label."""
    X = torch.randn(300, 6, generator=torch.Generator().manual_seed(0))
    return X, (X[:, 0] > 0).long()


@pytest.mark.filterwarnings(*OF_OTHERS, "ignore::ResourceWarning")
def test_lightning(folder: Path) -> None:
    needed("Lightning")
    import lightning
    import torch

    X, y = made(torch)

    class Student(lightning.LightningModule):  # type: ignore[misc]  # without types here
        def __init__(self) -> None:
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Dropout(0.3))
            self.head = torch.nn.Linear(4, 2)

        def forward(self, x: Any) -> Any:
            return self.head(self.layers(x))

        def training_step(self, batch: Any, _: int) -> Any:
            assert self.training
            assert self.layers[1].training
            return torch.nn.functional.cross_entropy(self(batch[0]), batch[1])

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=0.05)

    callback = run("Lightning", **definitions(HOOKS))["Distillable"]
    trace = pt.TraceLog(X, y, estimator="kmeans")
    logger = lightning.pytorch.loggers.CSVLogger(folder)
    trainer = lightning.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=logger,
        callbacks=[callback(trace, X, "layers.1")],
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    data = torch.utils.data.TensorDataset(X, y)
    trainer.fit(Student(), torch.utils.data.DataLoader(data, batch_size=100))
    assert [row.step for row in trace.trace()] == [0, 1]
    logged = trainer.logged_metrics["pid/distillable"]
    assert float(logged) == pytest.approx(trace.last["distillable"], rel=1e-6)
    written = next(folder.rglob("metrics.csv")).read_text()
    assert "pid/distilled" in written


@pytest.mark.filterwarnings(*OF_OTHERS)
def test_hugging_face_trainer(folder: Path) -> None:
    title = "Hugging Face Trainer"
    needed(title)
    pytest.importorskip("accelerate")
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

    ids = torch.randint(1, 20, (120, 5), generator=torch.Generator().manual_seed(0))
    y = (ids[:, 0] > 10).long()
    config = BertConfig(
        vocab_size=20,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )
    student = BertForSequenceClassification(config)
    learned = [{"input_ids": i, "labels": label} for i, label in zip(ids, y, strict=True)]
    callback = run(title, **definitions(HIDDEN))["Distillable"]
    trace = pt.TraceLog(y.numpy(), y.numpy(), estimator="kmeans")
    batches = [{"input_ids": ids, "attention_mask": torch.ones_like(ids)}]
    options = TrainingArguments(
        str(folder), num_train_epochs=2, report_to=[], use_cpu=True, disable_tqdm=True
    )
    trainer = Trainer(student, options, train_dataset=learned)
    trainer.add_callback(callback(trainer, trace, batches))
    modes = SimpleNamespace(found=[])
    student.register_forward_pre_hook(lambda module, _: modes.found.append(module.training))
    trainer.train()
    logged = [row for row in trainer.state.log_history if "pid/distillable" in row]
    assert [row["pid/step"] for row in logged] == [1, 2]
    assert logged[-1]["pid/distillable"] == trace.last["distillable"]
    n = len(modes.found) // 2
    assert modes.found == ([True] * (n - 1) + [False]) * 2
