# %% [markdown]
# # Which layer of the teacher, and which of the student?
#
# A feature loss joins one layer of the teacher to one of the student. A map shows for each pair
# how much the teacher's layer knows of the task that the student's does not.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import pidtools as pt
from pidtools.plot import plot_map

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, Y = train_test_split(X / 16, y, test_size=0.5, stratify=y, random_state=0)


def layers_of(network, X):
    """Each hidden layer after its ReLU, and the logits."""
    found, last = {}, len(network.coefs_)
    for k, (weights, bias) in enumerate(zip(network.coefs_, network.intercepts_), start=1):
        X = X @ weights + bias
        X = X if k == last else np.maximum(X, 0)
        found["logits" if k == last else f"h{k}"] = X
    return found


def trained(*widths):
    return MLPClassifier(widths, max_iter=2000, random_state=0).fit(X_train, y_train)


teacher, student = layers_of(trained(64, 32), X_test), layers_of(trained(16, 4), X_test)
print({name: layer.shape[1] for name, layer in teacher.items()}, "units of the teacher")
print({name: layer.shape[1] for name, layer in student.items()}, "units of the student")

# %% [markdown]
# Six pairs take five looks: a layer is looked at once, and a pair costs one small convex program.
# The linear probe is enough for a first look at networks like these; without `estimator` several
# kinds of classifiers are tried.

# %%
linear = pt.Probe(experts=("lda",))
m = pt.distillation_map(
    teacher,
    {name: student[name] for name in ("h1", "h2")},
    Y,
    estimator=linear,
    confidence_level=0.95,
    n_resamples=40,
)
print(m.summary())

# %%
fig, ax = plt.subplots(figsize=(4.2, 3), layout="constrained")
plot_map(m, ax=ax)
plt.show()

# %% [markdown]
# Cells that may be 0 would be hatched. Most is left at the student's last layer, which squeezes
# what its first one knew through four units: that is where a loss has something to teach. Which
# layer of the teacher is less clear, and `best()` says so rather than to name a winner:

# %%
best = m.best()
print(best)

# %% [markdown]
# More on maps, rankings of teachers and traces over a training: [layer by layer](../layers.md).
