# %% [markdown]
# # Validate your own estimator
#
# `pidtools.problems` draws activations whose decomposition is known exactly. Whatever takes (T,
# S, Y) and gives a number can be judged on them, ours as well as yours.
#
# Yours, here: a tree for each side, whose leaves are the symbols. It looks sensible.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.tree import DecisionTreeClassifier

import pidtools as pt


def by_leaves(T, S, Y):
    """The leaves of a tree as symbols, counted on the rows that the tree has learned from."""
    leaves = [
        DecisionTreeClassifier(min_samples_leaf=10, random_state=0).fit(X, Y).apply(X)
        for X in (T, S)
    ]
    return pt.distillable_knowledge(*leaves, Y, synergy=False).distillable


def by_held_out_leaves(T, S, Y):
    """The same, with trees of one half and leaves of the other."""
    half = len(Y) // 2
    leaves = [
        DecisionTreeClassifier(min_samples_leaf=10, random_state=0)
        .fit(X[:half], Y[:half])
        .apply(X[half:])
        for X in (T, S)
    ]
    return pt.distillable_knowledge(*leaves, Y[half:], synergy=False).distillable


def by_clusters(T, S, Y):
    """The paper's pipeline."""
    return pt.distillable_knowledge(T, S, Y, estimator="kmeans", synergy=False).distillable


def by_probe(T, S, Y):
    """The default for activations, with one kind of classifier, to be fast."""
    linear = pt.Probe(experts=("lda",))
    return pt.distillable_knowledge(T, S, Y, estimator=linear, synergy=False).distillable


# %% [markdown]
# Six problems, among them one in which nothing is left (`same`: teacher and student are alike)
# and one in which a direction is loud and says nothing.

# %%
NAMES = ("shift_ordered", "degraded", "two_attributes", "ten_classes", "loud_nuisance", "same")
JUDGED = {
    "leaves": by_leaves,
    "held out": by_held_out_leaves,
    "clusters": by_clusters,
    "probe": by_probe,
}
found = {}
print(f"{'':16}{'exact':>8}" + "".join(f"{name:>12}" for name in JUDGED))
for name in NAMES:
    problem = pt.problems.get(name)
    T, S, Y = problem.sample(2000, random_state=0)
    found[name] = [measure(T, S, Y) for measure in JUDGED.values()]
    exact = problem.pid.unique_t
    print(f"{name:16}{exact:8.2f}" + "".join(f"{value:12.2f}" for value in found[name]))

# %%
exact = np.array([pt.problems.get(name).pid.unique_t for name in NAMES])
errors = np.array(list(found.values())) - exact[:, None]
print("mean absolute error, bits")
for name, error in zip(JUDGED, np.abs(errors).mean(axis=0)):
    print(f"  {name:9} {error:.3f}")

fig, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
ax.axhline(0, color="black", lw=0.8)
marks = zip(JUDGED, "osD^", ("#999999", "#009E73", "#D55E00", "#0072B2"))
for k, (name, mark, colour) in enumerate(marks):
    ax.plot(np.arange(len(NAMES)) + 0.12 * (k - 1.5), errors[:, k], mark, color=colour, label=name)
ax.set_xticks(range(len(NAMES)), NAMES)
ax.set_ylabel("estimate - exact (bits)")
fig.legend(loc="outside lower center", ncols=4, frameon=False)
plt.show()

# %% [markdown]
# The leaves read low wherever something is left, and trees of rows of their own make it worse. No
# test of the code would have shown that; six problems do, in seconds.
#
# Intervals can be judged as well: draw a problem many times, and count how often they hold
# `problem.pid`. [Validate](../validate.md) has the names of all problems; what our own estimators
# get wrong on them is in [accuracy, coverage and speed](../accuracy.md).
