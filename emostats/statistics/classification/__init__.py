"""How good are predictions? Metrics of classifiers as plain functions on arrays, with limits by subject.

Labels are whole numbers 0 … K − 1, probabilities (n, K) rows. `confusion` holds what follows from counts,
`accuracy` shares with their limits, `auc` (`multiclass_auc`, `auc_tests`, `curves`) ranking, `scores`,
`calibration` and `recalibration` probabilities, `delta_method` and `resample` standard errors, `paired` two
classifiers. Rows of one subject are not independent: pass `cluster`.

Everything is NumPy: the same sums serve one matrix and a thousand resampled ones, and nothing here needs an
optional package. The tests compare with scikit-learn, statsmodels and R's pROC and rms.
"""

from emostats.statistics.classification.accuracy import (
    ClusteredMean,
    NoInformation,
    accuracy_interval,
    clustered_mean,
    clustered_proportion,
    effective_size,
    no_information,
    top_k_right,
)
from emostats.statistics.classification.arrays import top_label
from emostats.statistics.classification.auc import RocArea, hanley_mcneil_variance, placements, roc_area
from emostats.statistics.classification.auc_tests import AreaDifference, paired_auc_test, unpaired_auc_test
from emostats.statistics.classification.calibration import (
    Reliability,
    classwise_ece,
    reliability,
    top_label_reliability,
)
from emostats.statistics.classification.confusion import (
    Average,
    PerClass,
    accuracy,
    balanced_accuracy,
    cluster_confusions,
    confusion_matrix,
    harmonic_macro_f1,
    kappa,
    macro,
    macro_f1,
    mcc,
    per_class,
    weighted,
)
from emostats.statistics.classification.curves import (
    RocCurve,
    YoudenPoint,
    average_precision,
    roc_curve,
    youden,
)
from emostats.statistics.classification.delta_method import (
    clustered_std_error,
    f1_effect,
    macro_f1_gradient,
    multinomial_std_error,
)
from emostats.statistics.classification.multiclass_auc import (
    AverageAreas,
    average_areas,
    hand_till,
    one_vs_rest,
)
from emostats.statistics.classification.paired import AccuracyComparison, compare_accuracy
from emostats.statistics.classification.recalibration import Recalibration, recalibration
from emostats.statistics.classification.resample import SubjectBootstrap, bootstrap_subjects
from emostats.statistics.classification.scores import brier_terms, log_losses

__all__ = [
    "AccuracyComparison",
    "AreaDifference",
    "Average",
    "AverageAreas",
    "ClusteredMean",
    "NoInformation",
    "PerClass",
    "Recalibration",
    "Reliability",
    "RocArea",
    "RocCurve",
    "SubjectBootstrap",
    "YoudenPoint",
    "accuracy",
    "accuracy_interval",
    "average_areas",
    "average_precision",
    "balanced_accuracy",
    "bootstrap_subjects",
    "brier_terms",
    "classwise_ece",
    "cluster_confusions",
    "clustered_mean",
    "clustered_proportion",
    "clustered_std_error",
    "compare_accuracy",
    "confusion_matrix",
    "effective_size",
    "f1_effect",
    "hand_till",
    "hanley_mcneil_variance",
    "harmonic_macro_f1",
    "kappa",
    "log_losses",
    "macro",
    "macro_f1",
    "macro_f1_gradient",
    "mcc",
    "multinomial_std_error",
    "no_information",
    "one_vs_rest",
    "paired_auc_test",
    "per_class",
    "placements",
    "recalibration",
    "reliability",
    "roc_area",
    "roc_curve",
    "top_k_right",
    "top_label",
    "top_label_reliability",
    "unpaired_auc_test",
    "weighted",
    "youden",
]
