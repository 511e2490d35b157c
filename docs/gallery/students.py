# %% [markdown]
# # Two students compared
#
# Labels are few: 60 digits. One student learns from them alone. The other learns what a teacher
# says about 800 digits without labels. How much more of the teacher does it have, and is that
# more than chance?

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor

import pidtools as pt
from pidtools.plot import plot_differences

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, Y = train_test_split(X / 16, y, test_size=0.5, stratify=y, random_state=0)
FEW = 60


def hidden(network, X):
    return np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0)


options = {"max_iter": 600, "random_state": 0, "learning_rate_init": 0.01}
teacher = MLPClassifier(hidden_layer_sizes=(64,), **options).fit(X_train, y_train)
alone = MLPClassifier(hidden_layer_sizes=(12,), **options).fit(X_train[:FEW], y_train[:FEW])
said = np.log(teacher.predict_proba(X_train) + 1e-4)
distilled = MLPRegressor(hidden_layer_sizes=(12,), **options).fit(X_train, said)

right = np.mean(distilled.predict(X_test).argmax(axis=1) == Y)
print(f"accuracy: alone {alone.score(X_test, Y):.3f}, distilled {right:.3f}")

# %% [markdown]
# Both are measured on the same rows and the same resamples, so that what chance does to both
# cancels in the difference.

# %%
T = hidden(teacher, X_test)
c = pt.compare_students(
    T,
    hidden(alone, X_test),
    hidden(distilled, X_test),
    Y,
    estimator=pt.Probe(experts=("lda",)),
    n_resamples=100,
    n_jobs=2,
)
print(c.summary())

# %%
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
plot_differences(c, ax=ax)
plt.show()

# %% [markdown]
# A difference is a - b: the student alone less the distilled one. Filled marks are differences
# whose interval leaves 0 out. The student alone has more left to learn, and has less of the
# teacher.
#
# The linear probe is fast, and holds both students to the same standard. Accuracy tells which
# student is better; this tells how much of the gap is knowledge that the teacher has, and what a
# student has that the teacher lacks.
