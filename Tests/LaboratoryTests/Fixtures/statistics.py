"""Writes statistics.json: what scipy, statsmodels, scikit-learn and numpy make of the cases in it, the witness of StatisticsTests.

Run: python3 -P statistics.py, as a module of Python has this name (scipy 1.17.1, statsmodels 0.15.0, scikit-learn 1.9.1, numpy 2.4.6, Python 3.11 were used).
"""
import collections
import json
import math
import pathlib

import numpy as np
import scipy.special
import scipy.stats
import sklearn.calibration
import sklearn.dummy
import sklearn.metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

rng = np.random.default_rng(20260501)


def wilson():
    counts = [(0, 1), (1, 1), (0, 40), (40, 40), (1, 40), (20, 40), (31, 40), (3, 7), (999, 1000), (12345, 100000)]
    for hits, n in counts + [(int(rng.integers(0, n + 1)), n) for n in (2, 5, 17, 60, 300)]:
        ci = scipy.stats.binomtest(hits, n).proportion_ci(0.95, method="wilson")
        assert np.allclose(ci, proportion_confint(hits, n, alpha=0.05, method="wilson"), rtol=0, atol=1e-12)
        yield {"hits": hits, "count": n, "low": ci.low, "high": ci.high}


def moments():
    for n in (2, 3, 10, 200):
        values = rng.normal(0.6, 0.1, n)
        yield {"values": values, "mean": np.mean(values), "deviation": np.std(values, ddof=1)}


def spread():
    """Shape of the accuracies: [seeds][orders][templates]."""
    for shape in ((5, 3, 2), (5, 1, 4), (1, 2, 1), (1, 1, 1)):
        values = rng.integers(0, 41, shape) / 40
        case = {"accuracies": values, "low": values.min(), "high": values.max()}
        for axis, name in enumerate(("seeds", "orders", "templates")):
            means = values.mean(axis=tuple(other for other in range(3) if other != axis))
            case[name] = None
            if len(means) > 1:
                case[name] = {"means": means, "deviation": np.std(means, ddof=1), "low": means.min(), "high": means.max()}
        yield case


def mcnemars():
    """statsmodels takes one from |b - c| even where it is 0; those cases are in the test."""
    for n, first, second in ((10, 0.3, 0.7), (40, 0.6, 0.8), (40, 0.9, 0.2), (300, 0.7, 0.75), (300, 0.5, 0.53), (4000, 0.4, 0.6), (6, 1, 0)):
        a, b = rng.random(n) < first, rng.random(n) < second
        table = sklearn.metrics.confusion_matrix(a, b, labels=[True, False])
        only_a, only_b = int(table[0, 1]), int(table[1, 0])
        assert only_a != only_b
        exact, corrected = mcnemar(table, exact=True), mcnemar(table, exact=False, correction=True)
        assert math.isclose(exact.pvalue, scipy.stats.binomtest(only_a, only_a + only_b).pvalue, rel_tol=1e-9)
        yield {"a": bits(a), "b": bits(b), "onlyA": only_a, "onlyB": only_b, "exactP": exact.pvalue,
               "chiSquare": corrected.statistic, "chiSquareP": corrected.pvalue}


class SplitMix:
    """As in draw.py."""

    mask = (1 << 64) - 1

    def __init__(self, words):
        self.state = 0
        for word in words:
            self.state = self.next() ^ word

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & self.mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & self.mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & self.mask
        return z ^ (z >> 31)

    def below(self, bound):
        limit = (1 << 64) // bound * bound
        while True:
            high, low = divmod(self.next() * bound, 1 << 64)
            if low >= (1 << 64) - limit:
                return high


def bootstrap():
    """The same draws in numpy give the same numbers; scipy's own draws give an interval near it."""
    for seed, items, cells, first, second in ((0, 40, 1, 0.5, 0.8), (7, 25, 5, 0.55, 0.65), (-1, 12, 3, 0.5, 0.5), (3, 8, 2, 0.9, 0.9)):
        item = rng.normal(0, 0.2, (items, 1))  # what hangs together in a cluster
        a, b = rng.random((items, cells)) < first + item, rng.random((items, cells)) < second + item
        gains, resamples = b.mean(axis=1) - a.mean(axis=1), 10_000
        random = SplitMix([3, seed % (1 << 64)])
        drawn = np.array([[random.below(items) for _ in range(items)] for _ in range(resamples)])
        # Whole numbers of answers: no mean near 0 by rounding.
        totals = (b.sum(axis=1) - a.sum(axis=1))[drawn].sum(axis=1)
        low, high = np.percentile(totals / (items * cells), [2.5, 97.5])
        other = scipy.stats.bootstrap((gains,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)).confidence_interval
        tail = min((totals <= 0).sum(), (totals >= 0).sum())
        yield {"a": [bits(row) for row in a], "b": [bits(row) for row in b], "seed": seed, "difference": gains.mean(),
               "low": low, "high": high, "p": min(1, 2 * (tail + 1) / (resamples + 1)), "scipyLow": other.low, "scipyHigh": other.high}


def calibration():
    for items, options, sharp in ((40, (2, 2), 1.0), (200, (4, 4), 2.0), (60, (2, 5), 1.5), (3, (3, 3), 0.1)):
        rows = [np.round(rng.normal(0, sharp, rng.integers(options[0], options[1] + 1)), 3) for _ in range(items)]
        answers = [int(rng.choice(len(row), p=scipy.special.softmax(row))) if rng.random() < 0.7 else 0 for row in rows]
        p = [scipy.special.softmax(row) for row in rows]
        brier = np.mean([((row - np.eye(len(row))[answer]) ** 2).sum() for row, answer in zip(p, answers)])
        if options[0] == options[1]:
            labels = list(range(options[0]))
            theirs = sklearn.metrics.brier_score_loss(answers, np.array(p), labels=labels, scale_by_half=False)
            # Of two classes scikit-learn takes the one column.
            assert math.isclose(brier, theirs, rel_tol=1e-12), (brier, theirs)
        confidence = np.array([row.max() for row in p])
        right = np.array([row.argmax() == answer for row, answer in zip(p, answers)])
        place = np.digitize(confidence, np.linspace(0, 1, 11)[1:-1], right=True)
        count = np.bincount(place, minlength=10)
        accuracy, mean = sklearn.calibration.calibration_curve(right, confidence, n_bins=10)
        ece = (count[count > 0] / items * np.abs(accuracy - mean)).sum()
        yield {"scores": rows, "probabilities": p, "answers": answers, "brier": brier, "ece": ece, "counts": count,
               "confidence": mean, "accuracy": accuracy}  # of the bins that are not empty


def confusion():
    for classes, items, good in ((2, 40, 0.8), (4, 100, 0.5), (5, 9, 0.3), (3, 20, 0)):
        answers = rng.integers(0, classes - (classes > 2), items)  # of more than two the last never occurs
        guesses = np.where(rng.random(items) < good, answers, rng.integers(0, classes, items) if good else 1)
        labels = list(range(classes))
        precision, recall, f1, _ = sklearn.metrics.precision_recall_fscore_support(
            answers, guesses, labels=labels, zero_division=np.nan)
        dummy = sklearn.dummy.DummyClassifier(strategy="most_frequent").fit(np.zeros((items, 1)), answers)
        yield {"classes": classes, "answers": answers, "guesses": guesses, "precision": precision, "recall": recall, "f1": f1,
               "counts": sklearn.metrics.confusion_matrix(answers, guesses, labels=labels),
               "accuracy": sklearn.metrics.accuracy_score(answers, guesses),
               "majority": dummy.score(np.zeros((items, 1)), answers)}


def biases():
    for items, shots in ((40, 1), (40, 4), (25, 5), (6, 0)):
        guesses, answers = rng.integers(0, 3, items), rng.integers(0, 3, items)
        labels = rng.integers(0, 3, (items, shots))
        follows = (rng.random(items) < 0.5) & (shots > 0)
        guesses = np.where(follows, labels[:, -1], guesses) if shots else guesses

        def measured(suggested):
            counted = [(g == s, r == s) for g, r, s in zip(guesses, answers, suggested) if s is not None]
            if not counted:
                return None
            guessed, right = np.mean(counted, axis=0)
            return {"items": len(counted), "guessed": guessed, "right": right, "bias": guessed - right}

        def most(row):
            best = collections.Counter(row).most_common(2)
            return best[0][0] if len(best) == 1 or (best and best[0][1] > best[1][1]) else None

        yield {"guesses": guesses, "answers": answers, "shots": labels,
               "recency": measured([row[-1] if len(row) else None for row in labels.tolist()]),
               "majority": measured([most(row) for row in labels.tolist()])}


def bits(values):
    return "".join("1" if value else "0" for value in values)


def plain(value):
    """As JSON writes it; a number that is none is null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


makers = {"wilson": wilson, "moments": moments, "spread": spread, "mcnemar": mcnemars, "bootstrap": bootstrap,
          "calibration": calibration, "confusion": confusion, "biases": biases}
parts = []
for name, make in makers.items():
    lines = ",\n".join(json.dumps(plain(case), separators=(",", ":"), allow_nan=False) for case in make())
    parts.append(f'"{name}":[\n{lines}\n]')
(pathlib.Path(__file__).parent / "statistics.json").write_text("{" + ",\n".join(parts) + "}\n")
