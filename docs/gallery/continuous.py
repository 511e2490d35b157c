# %% [markdown]
# # A continuous target
#
# A robot arm of two joints: networks are given noisy readings of its angles, and say where its
# hand is, two numbers. The target has no classes, so the decomposition is that of normal
# variables, in closed form.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPRegressor

import pidtools as pt
from pidtools.plot import plot_students

rng = np.random.default_rng(0)
angles = rng.uniform([0.2, 0.3], [1.4, 1.5], size=(6000, 2))
hand = np.stack(
    [
        np.cos(angles[:, 0]) + np.cos(angles.sum(axis=1)),
        np.sin(angles[:, 0]) + np.sin(angles.sum(axis=1)),
    ],
    axis=1,
)
readings = angles + 0.05 * rng.normal(size=angles.shape)
seen, held_out = slice(0, 3000), slice(3000, None)

# %% [markdown]
# The teacher learns both coordinates. One student learns across alone, another one has readings
# of the first joint alone, a third one is small but has everything.


# %%
def hidden(network, X):
    """Activations of a network of one hidden layer."""
    return np.tanh(X @ network.coefs_[0] + network.intercepts_[0])


def trained(width, X, Y):
    options = {"activation": "tanh", "learning_rate_init": 0.01, "random_state": 1}
    network = MLPRegressor(hidden_layer_sizes=(width,), max_iter=400, **options)
    return network.fit(X[seen], Y[seen])


first = readings * [1, 0]
T = hidden(trained(32, readings, hand), readings[held_out])
students = {
    "learned across": hidden(trained(4, readings, hand[:, 0]), readings[held_out]),
    "first joint": hidden(trained(4, first, hand), first[held_out]),
    "8 units": hidden(trained(8, readings, hand), readings[held_out]),
}
Y = hand[held_out]
results = {
    name: pt.distillable_knowledge(T, S, Y, confidence_level=0.95) for name, S in students.items()
}
print(results["learned across"].summary())

# %%
fig, ax = plt.subplots(figsize=(7, 2.8), layout="constrained")
plot_students(results, ax=ax)
plt.show()

# %% [markdown]
# The student that learned across alone lacks a bit of what says how high the hand is. The one
# with readings of the first joint alone can't know the rest, whatever its teacher does. The small
# one has nearly all; the little that it lacks is surely more than 0.
#
# ## May it be trusted here?
#
# The closed form sees linear relations between units and target; a note says so. Units of a small
# network like this one say in a linear way what its last layer reads from them. A check that
# needs no theory: the same question to an estimator that assumes no shape, where that one works,
# on few columns. Here, what the two predictions of the teacher say of each coordinate:

# %%
said = trained(32, readings, hand).predict(readings[held_out])
for k, name in enumerate(("across", "up")):
    linear = pt.mutual_information(said[:, [k]], Y[:, [k]], estimator="gaussian")
    nearest = pt.mutual_information(said[:, [k]], Y[:, [k]], estimator="knn")
    print(f"{name:7} gaussian {linear:.2f} bits, nearest neighbours {nearest:.2f} bits")

# %% [markdown]
# What a Gaussian answer means, and when it misleads: [a continuous target](../gaussian.md).
