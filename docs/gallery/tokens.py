# %% [markdown]
# # Tokens of a small language model
#
# A language model predicts a token at every position: its rows are tokens, they come in
# sequences, some of them are padding, and tokens of one sequence depend on each other. All of
# that can be said.
#
# The language is made here. A sentence opens with a bracket of one of four kinds, goes on with
# words and closes with the bracket it opened with: the last token depends on the first one.

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPClassifier

import pidtools as pt
from pidtools.plot import plot_students

KINDS, WORDS, LONGEST, PAD = 4, 4, 7, -100
OPEN, WORD, CLOSE = 0, KINDS, KINDS + WORDS  # where each kind of token starts
N_TOKENS = KINDS + WORDS + KINDS
rng = np.random.default_rng(0)


def sentence():
    """A bracket, two to five words, each mostly the one after the last, and the bracket's twin."""
    kind, word = rng.integers(KINDS), rng.integers(WORDS)
    words = [word]
    for _ in range(rng.integers(1, 5)):
        word = (word + 1) % WORDS if rng.random() < 0.8 else rng.integers(WORDS)
        words.append(word)
    return [OPEN + kind, *(WORD + w for w in words), CLOSE + kind]


def batch(n):
    """Tokens, padded, of shape (n, LONGEST), and the next token of each position, padded too."""
    tokens = np.full((n, LONGEST), PAD)
    for row in tokens:
        made = sentence()
        row[: len(made)] = made
    following = np.full_like(tokens, PAD)
    following[:, :-1] = tokens[:, 1:]
    return tokens, following


# %% [markdown]
# Two models, each one hidden layer on one-hot tokens: the teacher sees the whole sentence so far,
# the student the last two tokens.


# %%
def context(tokens, size):
    """One-hot tokens of this position and those before it, (n, LONGEST, size * N_TOKENS)."""
    known = np.where(tokens[:, :, None] == np.arange(N_TOKENS), 1.0, 0.0)
    shifted = [np.roll(known, k, axis=1) for k in range(size)]
    for k, each in enumerate(shifted):
        each[:, :k] = 0
    return np.concatenate(shifted, axis=2)


def trained(size, width):
    tokens, following = batch(1500)
    counts = following != PAD
    network = MLPClassifier((width,), max_iter=300, learning_rate_init=0.01, random_state=0)
    return network.fit(context(tokens, size)[counts], following[counts])


def hidden(network, X):
    """The hidden state of each token, (n, LONGEST, units)."""
    return np.maximum(X @ network.coefs_[0] + network.intercepts_[0], 0)


teacher, student = trained(LONGEST, 32), trained(2, 16)
tokens, following = batch(600)
T, S = hidden(teacher, context(tokens, LONGEST)), hidden(student, context(tokens, 2))
print(T.shape, S.shape, following.shape)

# %% [markdown]
# Rows are tokens. `ignore_label` leaves the padding out, and `groups` says which tokens belong to
# one sentence: without it the intervals would be as narrow as if all were independent.
# `uncertainty="analytic"` takes them from one solve in place of 200 resamples.

# %%
sentences = np.repeat(np.arange(len(tokens)), LONGEST)
r = pt.distillable_knowledge(
    T.reshape(-1, T.shape[-1]),
    S.reshape(-1, S.shape[-1]),
    following.ravel(),
    ignore_label=PAD,
    groups=sentences,
    synergy=False,
    confidence_level=0.95,
    uncertainty="analytic",
)
print(r.summary())

# %% [markdown]
# Two notes say that many rows repeat another one. They do: there are few short sentences, and
# they are drawn anew each time, by chance. Of copies one would be in what the classifiers learn
# from and the other in what they are judged on.
#
# What does the student lack? By class, in bits a token of that class:

# %%
names = [*"([{<", *(f"word {k}" for k in range(WORDS)), *")]}>"]
for row in sorted(r.by_class(), key=lambda row: -row.distillable):
    print(f"{names[row.label]:7} {row.distillable:5.2f} bits of {row.n_samples} tokens")

# %% [markdown]
# The closing brackets, and of them about log2(4) = 2 bits: that a bracket closes here both can
# tell, but which of four stands at the other end of the sentence, where the student does not
# look. Words follow from the last word, and there it lacks next to nothing. For real models,
# [recipes](../recipes.md) shows how to save hidden states of Hugging Face models.

# %%
fig, ax = plt.subplots(figsize=(7, 1.9), layout="constrained")
plot_students({"sees 2 tokens": r}, ax=ax)
plt.show()
