"""What is said first of a table in which there is nothing to say."""

from __future__ import annotations

from pidtools._where import ClassKnowledge, ClassTable, PairKnowledge, PairTable


def of_class(label: str, distillable: float) -> ClassKnowledge:
    return ClassKnowledge(
        label=label, share=0.5, n_samples=10, distillable=distillable, distilled=0.3,
        student_only=0.0,
    )  # fmt: skip


def of_pair(distillable: float) -> PairKnowledge:
    return PairKnowledge(
        label_a="a", label_b="b", share=1.0, n_samples=20, distillable=distillable, distilled=0.3,
        student_only=0.0,
    )  # fmt: skip


def test_no_classes_and_none_that_lack_anything() -> None:
    assert ClassTable(()).verdict == "There are no classes."
    nothing = "Nothing is left to distil in any class."
    assert ClassTable((of_class("a", 0.0), of_class("b", -0.1))).verdict == nothing
    assert "Class b has most" in ClassTable((of_class("a", 0.1), of_class("b", 0.2))).verdict


def test_no_pairs_and_none_that_are_told_apart_less() -> None:
    assert PairTable(()).verdict == "There are no two classes."
    said = PairTable((of_pair(0.0),)).verdict
    assert said == "The student tells all classes apart that the teacher does."
    assert "a and b" in PairTable((of_pair(0.2),)).verdict
