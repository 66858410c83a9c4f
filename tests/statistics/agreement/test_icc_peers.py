"""pingouin on complete tables, as a second opinion on data of our own."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from icc_references import long

import emostats as em


@pytest.mark.parametrize("shape", [(12, 3), (40, 2), (6, 8)])
def test_customary_figures_are_pingouins(shape):
    import pingouin as pg

    rng = np.random.default_rng(sum(shape))
    values = 3 * rng.normal(size=(shape[0], 1)) + rng.normal(size=shape[1]) + rng.normal(size=shape)
    frame = long(values)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pg.intraclass_corr(frame, targets="clip", raters="expert", ratings="score")
    ours = em.icc(frame, targets="clip", raters="expert", ratings="score").table()
    np.testing.assert_allclose(ours["estimate"], theirs["ICC"].astype(float), rtol=1e-9)
    np.testing.assert_allclose(ours["statistic"], theirs["F"].astype(float), rtol=1e-9)
    limits = np.array(theirs["CI95"].tolist(), dtype=float)  # printed with two decimals
    np.testing.assert_allclose(ours["customary_low"], limits[:, 0], atol=0.00501)
    np.testing.assert_allclose(ours["customary_high"], limits[:, 1], atol=0.00501)
