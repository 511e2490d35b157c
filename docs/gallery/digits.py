# %% [markdown]
# # Digits, end to end
#
# A teacher, a student of four hidden units, and the question of this library: what does the
# teacher know of the task that the student does not?
#
# Half of scikit-learn's digits train the networks. The other half, which neither has seen, is
# what we measure on: on rows that a network was trained on it seems to know everything.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import pidtools as pt
from pidtools.plot import plot_students

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, Y = train_test_split(X / 16, y, test_size=0.5, stratify=y, random_state=0)
teacher = MLPClassifier((64,), learning_rate_init=0.01, random_state=0).fit(X_train, y_train)
student = MLPClassifier((4,), learning_rate_init=0.01, max_iter=1000, random_state=0).fit(
    X_train, y_train
)
print(f"accuracy: teacher {teacher.score(X_test, Y):.3f}, student {student.score(X_test, Y):.3f}")

# %% [markdown]
# The activations to compare are those of the last hidden layers. scikit-learn keeps weights and
# no layers, so we replay them; [recipes](../recipes.md) has the same for PyTorch, Hugging Face,
# Keras.


# %%
def hidden(network, X):
    """Activations of a network of one hidden layer."""
    return np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0)


T, S = hidden(teacher, X_test), hidden(student, X_test)
print(T.shape, S.shape, Y.shape)

# %% [markdown]
# One call. Sixty resamples are few, to be fast; 200 are the default.

# %%
r = pt.distillable_knowledge(T, S, Y, confidence_level=0.95, n_resamples=60, n_jobs=2)
print(r.summary())

# %% [markdown]
# The verdict stands first. Then come the numbers, each with its interval: all of the label is
# log2(10) = 3.32 bits; what is *distilled* both networks have, what is *distillable* is left for
# the student to learn.

# %%
fig, ax = plt.subplots(figsize=(7, 1.9), layout="constrained")
plot_students({"4 units": r}, ax=ax)
plt.show()

# %% [markdown]
# What next? [Which digits are they?](where.md) [Which layer should the student learn
# from?](layers.md) [Is another student better?](students.md)
