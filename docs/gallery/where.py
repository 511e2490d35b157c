# %% [markdown]
# # Where the knowledge is
#
# A student has hardly seen two of the ten digits. Does the decomposition find out which, from what
# the networks say?

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import pidtools as pt
from pidtools.plot import plot_classes, plot_pairs

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, Y = train_test_split(X / 16, y, test_size=0.5, stratify=y, random_state=0)
rng = np.random.default_rng(0)
seen = ~np.isin(y_train, [3, 8]) | (rng.random(len(y_train)) < 0.03)
print(f"threes and eights among {seen.sum()} digits: {np.isin(y_train[seen], [3, 8]).sum()}")

teacher = MLPClassifier((64,), max_iter=600, random_state=0).fit(X_train, y_train)
student = MLPClassifier((16,), max_iter=600, random_state=0).fit(X_train[seen], y_train[seen])

# %% [markdown]
# We ask about what the networks say, one digit each. (The student's hidden layer tells threes
# from eights better than the student does: other classifiers can learn digits from a layer that
# never saw them.)

# %%
T, S = teacher.predict(X_test), student.predict(X_test)
r = pt.distillable_knowledge(T, S, Y, confidence_level=0.95, synergy=False)
print(r.by_class().summary())

# %% [markdown]
# Eights and threes come first. What is left of nines and ones is the other side of it: eights and
# threes are taken for them, as the matrix of pairs shows.

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_classes(r.by_class(), ax=left)
plot_pairs(r.by_pair(), ax=right)
fig.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
plt.show()

# %% [markdown]
# The matrix has the shape of a confusion matrix, but a confusion counts only where the teacher
# does better. And the rows: these carry most of what is left. They are what to show the student.

# %%
highest = np.argsort(-r.scores())[:10]
fig, axes = plt.subplots(1, 10, figsize=(9, 1.1), layout="constrained")
for ax, k in zip(axes, highest):
    ax.imshow(X_test[k].reshape(8, 8), cmap="gray_r")
    ax.set_title(f"{Y[k]}, said {S[k]}", fontsize=8)
    ax.set_axis_off()
plt.show()

# %% [markdown]
# The mean of all scores is the number itself, so that nothing is counted twice:

# %%
print(f"{r.scores().mean():.4f} = {r.distillable:.4f} bits")

# %% [markdown]
# How classes, pairs and rows are defined: [where the knowledge is](../where.md).
