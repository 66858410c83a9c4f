"""What the methods text calls covariance structures, degrees of freedom and the like."""

from __future__ import annotations

from emostats.report.language import _


def structure(token: str) -> str:
    """A covariance structure."""
    return {
        "us": _("unstructured (a variance for each visit, a covariance for each pair)"),
        "toep": _("Toeplitz"),
        "toeph": _("heterogeneous Toeplitz"),
        "ar1": _("first-order autoregressive"),
        "ar1h": _("heterogeneous first-order autoregressive"),
        "ad": _("ante-dependence"),
        "adh": _("heterogeneous ante-dependence"),
        "cs": _("compound symmetric"),
        "csh": _("heterogeneous compound symmetric"),
        "ind": _("independent"),
        "indh": _("independent with a variance for each visit"),
        "sp_exp": _("spatial exponential"),
        "sp_gau": _("spatial Gaussian"),
    }.get(token, token)


def df_method(name: str) -> str:
    """A method for degrees of freedom."""
    return {
        "satterthwaite": _("Satterthwaite’s approximation"),
        "kenward-roger": _("the method of Kenward and Roger (1997), with their adjusted standard errors"),
        "kenward-roger-linear": _(
            "the method of Kenward and Roger (1997) in its linear form, without second derivatives of the "
            "covariance, with their adjusted standard errors"
        ),
        "kenward-roger-r": _(
            "the method of Kenward and Roger (1997) in the parameters of the R package mmrm, with their "
            "adjusted standard errors"
        ),
        "between-within": _("the between-within rule"),
        "residual": _("the residual degrees of freedom"),
    }.get(name, name)


def vcov(name: str) -> str:
    """A sentence about robust standard errors; nothing for the usual ones."""
    return {
        "empirical": _("Standard errors are robust (the empirical sandwich)."),
        "empirical-bias-reduced": _("Standard errors are robust (the bias-reduced empirical sandwich)."),
        "empirical-jackknife": _("Standard errors are robust (the jackknife sandwich)."),
    }.get(name, "")


def icc_model(letter: str) -> str:
    """The model behind an ICC, by the letter of its form."""
    return {
        "1": _("a one-way random-effects model, agreement"),
        "A": _("a two-way random-effects model, absolute agreement"),
        "C": _("a two-way random-effects model, consistency"),
    }.get(letter, _("a one-way random-effects model, agreement"))


def interval(name: str) -> str:
    """A bootstrap interval."""
    return {
        "bca": _("bias-corrected and accelerated (BCa)"),
        "percentile": _("percentile"),
        "basic": _("basic"),
        "normal": _("normal"),
        "studentized": _("studentized"),
    }.get(name, name)


def adjustment(name: str) -> str:
    """An adjustment for multiplicity."""
    return {
        "bonferroni": _("Bonferroni’s method"),
        "sidak": _("Šidák’s method"),
        "holm": _("Holm’s method"),
        "holm_sidak": _("the Holm–Šidák method"),
        "hochberg": _("Hochberg’s method"),
        "hommel": _("Hommel’s method"),
        "bh": _("the method of Benjamini and Hochberg (false discovery rate)"),
        "by": _("the method of Benjamini and Yekutieli (false discovery rate)"),
    }.get(name, name)


def shrinkage(name: str) -> str:
    """An estimator of the variance between subgroups."""
    return {"reml": "REML", "dersimonian-laird": _("DerSimonian and Laird’s moments")}.get(name, name)
