"""Summaries as files: the same numbers in another process, and no file is believed too soon."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pidtools as pt
from pidtools import _saved

LIGHT = pt.Probe(experts=("lda",))


def data(n: int = 400, n_classes: int = 4, seed: int = 0) -> tuple[Any, Any, Any]:
    """A teacher, a student and labels."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, n_classes, n)
    T = rng.normal(size=(n, 12)).astype(np.float32)
    T[:, :n_classes] += 2 * np.eye(n_classes)[y]
    return T, T[:, :2] + rng.normal(size=(n, 2)), y


def atoms(r: pt.DistillableKnowledge) -> tuple[Any, ...]:
    """Numbers, ends of intervals and the p-value."""
    ends = [(i.low, i.high) for i in r.intervals.values()]
    return (*r.pid.atoms, r.p_distillable, *ends, r.remarks)


ALL: dict[str, Any] = {
    "probe": LIGHT,
    "probe of logits": pt.Probe(inputs="logits", experts=("logistic",)),
    "binning": pt.Binning(correction="miller-madow"),
    "kmeans": pt.KMeansBinning(n_components=2, n_clusters=4),
    "knn": pt.KNN(),
}


@pytest.mark.parametrize("name", ALL)
def test_a_loaded_summary_gives_the_same_numbers_to_the_bit(name: str, tmp_path: Path) -> None:
    T, S, y = data()
    T, S = (T[:, :4], S @ np.ones((2, 4))) if "logits" in name else (T[:, :2], S)
    summary = pt.summarise(T, y, estimator=ALL[name])
    summary.save(tmp_path / "t.npz")
    loaded = pt.load_summary(tmp_path / "t.npz")
    assert loaded.estimator == summary.estimator
    assert loaded.remarks == summary.remarks
    assert loaded.information == summary.information
    ours, theirs = (pt.distillable_knowledge(x, S, y, synergy=False) for x in (summary, loaded))
    assert atoms(ours) == atoms(theirs)


SLOW = [pytest.param("probe", marks=pytest.mark.slow), *(name for name in ALL if name != "probe")]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pidtools.PIDWarning")
@pytest.mark.parametrize("name", SLOW)
def test_with_its_layer_it_gives_synergy_and_intervals(name: str, tmp_path: Path) -> None:
    T, S, y = data(200)
    T, S = (T[:, :4], S @ np.ones((2, 4))) if "logits" in name else (T[:, :2], S)
    summary = pt.summarise(T, y, estimator=ALL[name], groups=np.arange(200) // 2)
    summary.save(tmp_path / "t.npz")
    loaded = pt.load_summary(tmp_path / "t.npz", X=T)
    options: dict[str, Any] = {"confidence_level": 0.9, "n_resamples": 10}
    ours, theirs = (
        pt.distillable_knowledge(x, S, y, groups=np.arange(200) // 2, **options)
        for x in (summary, loaded)
    )
    assert atoms(ours) == atoms(theirs)


def test_without_its_layer_a_synergy_and_refits_are_refused(tmp_path: Path) -> None:
    T, S, y = data()
    pt.summarise(T, y, estimator=LIGHT).save(tmp_path / "t.npz")
    loaded = pt.load_summary(tmp_path / "t.npz")
    with pytest.raises(
        ValueError, match=r"T is a summary without its layer, which a probe of both sources"
    ):
        pt.distillable_knowledge(loaded, S, y)
    with pytest.raises(
        ValueError, match=r"T is a summary without its layer, which intervals from fits"
    ):
        pt.distillable_knowledge(loaded, S, y, synergy=False, confidence_level=0.9)
    r = pt.distillable_knowledge(
        loaded, S, y, synergy=False, confidence_level=0.9, uncertainty="analytic"
    )
    assert r.intervals["distillable"].low > 0
    pt.summarise(T[:, :2], y, estimator="binning").save(tmp_path / "b.npz")
    with pytest.raises(ValueError, match=r"T is a summary without its layer, which resamples"):
        pt.distillable_knowledge(
            pt.load_summary(tmp_path / "b.npz"), S, y, confidence_level=0.9, n_resamples=10
        )
    pt.summarise(T[:, :2], y, estimator="knn").save(tmp_path / "k.npz")
    with pytest.raises(ValueError, match=r"T is a summary without its layer, which neighbours"):
        pt.distillable_knowledge(pt.load_summary(tmp_path / "k.npz"), S, y)


@pytest.mark.slow
def test_another_process_reads_the_same(tmp_path: Path) -> None:
    T, S, y = data()
    summary = pt.summarise(T, y, estimator=LIGHT)
    summary.save(tmp_path / "t.npz")
    np.savez(tmp_path / "rest.npz", S=S, y=y)
    code = (
        "import numpy as np, pidtools as pt; d = np.load('rest.npz')\n"
        "t = pt.load_summary('t.npz')\n"
        "r = pt.distillable_knowledge(t, d['S'], d['y'], synergy=False)\n"
        "print(r.distillable.hex(), r.distilled.hex())"
    )
    root = Path(pt.__file__).parents[1]
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    r = pt.distillable_knowledge(summary, S, y, synergy=False)
    assert found.stdout.split() == [r.distillable.hex(), r.distilled.hex()]


def test_a_file_is_at_most_twice_its_posteriors(tmp_path: Path) -> None:
    for n_classes in (2, 10):
        T, _, y = data(2000, n_classes)
        summary: Any = pt.summarise(T, y, estimator=LIGHT)
        summary.save(tmp_path / "t.npz")
        both = summary.log_posteriors.nbytes + summary.log_posteriors_from_half.nbytes
        assert (tmp_path / "t.npz").stat().st_size <= 2 * both


def test_what_it_heard_is_kept_and_takes_no_layer(tmp_path: Path) -> None:
    T, S, y = data()
    head = pt.summarise(T[:, :4], y, estimator=LIGHT)
    whole = pt.summarise(T, y, estimator=LIGHT, hears=[head])
    whole.save(tmp_path / "t.npz")
    loaded = pt.load_summary(tmp_path / "t.npz")
    ours, theirs = (pt.distillable_knowledge(x, S, y, synergy=False) for x in (whole, loaded))
    assert atoms(ours) == atoms(theirs)
    with pytest.raises(ValueError, match=r"t\.npz holds a summary that was made with fit_on or"):
        pt.load_summary(tmp_path / "t.npz", X=T)


@pytest.mark.parametrize("names", [False, True])
def test_symbols_are_saved_too(names: bool, tmp_path: Path) -> None:
    y = np.arange(400) % 4
    symbols = np.array(["north", "east", "south", "west"])[y] if names else y
    summary = pt.summarise(symbols, y)
    summary.save(tmp_path / "t.npz")
    for loaded in (
        pt.load_summary(tmp_path / "t.npz"),
        pt.load_summary(tmp_path / "t.npz", symbols),
    ):
        assert pt.distillable_knowledge(loaded, y // 2, y).distillable == pytest.approx(1, abs=1e-9)
    with pytest.raises(ValueError, match="X is not the layer"):
        pt.load_summary(tmp_path / "t.npz", symbols[::-1])


def test_another_layer_is_refused(tmp_path: Path) -> None:
    T, _, y = data()
    pt.summarise(T, y, estimator=LIGHT).save(tmp_path / "t.npz")
    with pytest.raises(ValueError, match="X is not the layer"):
        pt.load_summary(tmp_path / "t.npz", X=T[::-1])


def test_what_needs_its_layer_or_pickle_is_not_saved(tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    T, _, y = data()
    amounts = pt.summarise(T, T[:, :1] + 0.1 * y[:, None], estimator="gaussian")
    own = pt.summarise(T, y, estimator=pt.Probe(classifier=LogisticRegression()))
    for summary, why in ((amounts, "made of the layer itself"), (own, "classifier of your own")):
        with pytest.raises(TypeError, match=why):
            summary.save(tmp_path / "t.npz")
        assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file of a summary."""
    T, _, y = data()
    path = tmp_path_factory.mktemp("saved") / "t.npz"
    pt.summarise(T, y, estimator=LIGHT).save(path)
    return path.read_bytes()


def refused(path: Path, content: bytes) -> str:
    """What is said of a file of these bytes, which must name it."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"bad\.npz") as error:
        pt.load_summary(path)
    return str(error.value)


def changed(file: bytes, change: Any, *, sign: bool = True) -> bytes:
    """The file with its header and arrays changed, under a digest of its own if wanted."""
    with np.load(io.BytesIO(file)) as found:
        arrays = dict(found)
    content = json.loads(arrays.pop("summary").tobytes())
    change(content, arrays)
    if sign:
        content["digest"] = _saved._digest(content["summary"], arrays)
    text = np.frombuffer(json.dumps(content).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, summary=text, **arrays)
    return buffer.getvalue()


def test_torn_and_changed_files_are_refused_by_name(tmp_path: Path, file: bytes) -> None:
    path, rng = tmp_path / "bad.npz", np.random.default_rng(0)
    for stop in rng.integers(0, len(file) - 1, 20):
        refused(path, file[:stop])
    for _ in range(40):
        at = int(rng.integers(len(file)))
        flipped = bytearray(file)
        flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(flipped))
        try:
            loaded: Any = pt.load_summary(path)
        except ValueError as error:
            assert "bad.npz" in str(error)  # noqa: PT017 - dates and the like may be flipped
        else:
            path.write_bytes(file)
            whole: Any = pt.load_summary(path)
            assert np.array_equal(loaded.log_posteriors, whole.log_posteriors)
            assert loaded.information == whole.information


def test_foreign_older_and_newer_files_are_refused_by_name(tmp_path: Path, file: bytes) -> None:
    path = tmp_path / "bad.npz"
    assert "no file of a summary" in refused(path, changed_to_plain())
    for version in (0, _saved.VERSION + 1, "1", None):
        said = refused(path, changed(file, lambda c, _, v=version: c.update(version=v)))
        assert "is of version" in said
        assert "Make the summary again" in said
    assert "summary.save(path)" in refused(path, b"\x80\x04\x95pickle")
    with pytest.raises(ValueError, match=r"there is no file .*none\.npz"):
        pt.load_summary(tmp_path / "none.npz")


def test_what_is_no_path_or_a_folder_is_refused(tmp_path: Path) -> None:
    nothing: Any = None
    y = np.arange(60) % 3
    for ask in (pt.load_summary, pt.summarise(y, y).save):
        with pytest.raises(TypeError, match="path must be a string or a path; got NoneType"):
            ask(nothing)
    with pytest.raises(ValueError, match=r"is a folder; give the file that summary\.save"):
        pt.load_summary(tmp_path)


def test_a_layer_in_another_precision_is_the_same_layer(tmp_path: Path) -> None:
    T, _, y = data()
    names = np.array([f"class {k}" for k in y])
    same: Any
    for layer, same in ((T, T.astype(np.float64)), (y, y.astype(np.int16)),
                        (names, names.astype("<U40"))):  # fmt: skip
        pt.summarise(layer, y, estimator=LIGHT if layer is T else "symbols").save(tmp_path / "t")
        assert pt.load_summary(tmp_path / "t", X=same).data is not None


def test_a_header_that_is_too_large_to_be_one_is_not_read(
    tmp_path: Path, file: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_saved, "MOST_HEADER", 100)
    monkeypatch.setattr(
        _saved, "_content", lambda text: pytest.fail("it was read") if text is not None else {}
    )
    refused(tmp_path / "bad.npz", file)


def changed_to_plain() -> bytes:
    """An archive of something else."""
    buffer = io.BytesIO()
    np.savez(buffer, layer=np.zeros(3))
    return buffer.getvalue()


def _set(part: str, value: Any) -> Any:
    def change(content: Any, arrays: Any) -> None:
        if part in arrays:
            arrays[part] = value(arrays[part]) if callable(value) else value
            return
        at = content["summary"]
        *path, last = part.split("/")
        for key in path:
            at = at[key]
        at[last] = value

    return change


HOSTILE = {
    "codes beyond the table": _set("codes", lambda a: a + 10_000),
    "codes below 0": _set("codes", lambda a: a - 1),
    "other rows": _set("labels", lambda a: a[:-1]),
    "other dtype": _set("labels", lambda a: a.astype(np.float64)),
    "labels beyond": _set("labels", lambda a: a + 9),
    "NaN": _set("log_posteriors", lambda a: a * np.float32("nan")),
    "posteriors above 1": _set("log_posteriors", lambda a: a + 9),
    "posteriors that sum to less": _set("log_posteriors_from_half", lambda a: a - 0.001),
    "no pmf": _set("table", lambda a: 2 * a),
    "folds beyond": _set("folds", lambda a: a + 10**9),
    "keys of other rows": _set("keys", lambda a: a[1:]),
    "more arrays": lambda content, arrays: arrays.update(extra=np.zeros(3)),
    "fewer arrays": lambda content, arrays: arrays.pop("table"),
    "another kind": _set("kind", "cells"),
    "an unknown kind": _set("kind", "os.system"),
    "an unknown estimator": _set("estimator/kind", "system"),
    "unknown options": _set("estimator/options", {"command": "rm"}),
    "an option out of range": _set("estimator/options/n_folds", -1),
    "notes": _set("remarks", [1, 2]),
    "information": _set("information", "much"),
    "information beyond all rows": _set("information", 1e300),
    "information that is no number": _set("information", float("nan")),
    "a seed": _set("numbers/random_state", -5),
    "a curve": _set("curve", {"whole": 1}),
    "weights": _set("weights", {"lda": None}),
    "a layer of objects": _set("layer", ["|O8", 3]),
    "a layer without end": _set("layer", ["<f8", 2**62, 2**62]),
    "heard without end": _set("heard", {"x": {"kind": "probe"}}),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused_by_name(what: str, tmp_path: Path, file: bytes) -> None:
    said = refused(tmp_path / "bad.npz", changed(file, HOSTILE[what]))
    assert "no summary that could be used" in said
    said = refused(tmp_path / "bad.npz", changed(file, HOSTILE[what], sign=False))
    assert "damaged" in said


def test_pickles_are_not_read(tmp_path: Path, file: bytes) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "exploded"),)

    def change(content: Any, arrays: Any) -> None:
        arrays["table"] = np.array([Bomb()], dtype=object)

    buffer = io.BytesIO(file)
    with np.load(buffer) as found:
        arrays = dict(found)
    change(None, arrays)
    out = io.BytesIO()
    np.savez(out, allow_pickle=True, **arrays)
    refused(tmp_path / "bad.npz", out.getvalue())
    assert not (tmp_path / "exploded").exists()


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    T, _, y = data()
    summary = pt.summarise(T, y, estimator=LIGHT)
    target, link = tmp_path / "t.npz", tmp_path / "link"
    target.write_text("before")
    target.chmod(0o600)
    link.symlink_to(target)
    summary.save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert zipfile.is_zipfile(target)
    with pytest.raises(OSError, match="folder"):
        summary.save(tmp_path / "none" / "folder" / "t.npz")


def test_a_source_given_twice_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    T, S, y = data()
    seen = []
    taught = pt.Probe.taught

    def counted(self: Any, X: Any, *args: Any, **options: Any) -> Any:
        seen.append(options["name"])
        return taught(self, X, *args, **options)

    monkeypatch.setattr(pt.Probe, "taught", counted)
    same = pt.distillable_knowledge(T, T, y, estimator=LIGHT, synergy=False)
    assert seen == ["T"]
    assert same.distillable == pytest.approx(0, abs=1e-3)
    pt.distillation_map({"a": T, "b": T}, {"s": S}, y, estimator=LIGHT, confidence_level=None)
    assert sorted(seen) == ["T", "student s", "teacher a"]
