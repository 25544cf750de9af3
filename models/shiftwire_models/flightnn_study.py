"""Is a trained number of terms per filter worth it: FLightNN against LightNN with two terms everywhere."""

from dataclasses import dataclass
from statistics import fmean

import torch
from torch import nn

from shiftwire_models.nets import NetName
from shiftwire_models.training import Epoch, Progress, TrainConfig, TrainResult, train
from shiftwire_models.weights.flightnn import GatedWeight


@dataclass(frozen=True, slots=True)
class FlightnnComparison:
    """Means over the seeds; accuracies are fractions of digits' 360 test pictures, where one picture is 0.0028.

    mean_terms  per filter, over all filters of all shift layers, classifier and pruned filters included
    """

    seeds: tuple[int, ...]
    lightnn2_accuracy: float
    flightnn_accuracy: float
    mean_terms: float


def flightnn_comparison(seeds: tuple[int, ...] = (0, 1, 2), progress: Progress | None = None) -> FlightnnComparison:
    """Trains both nets once a seed; one seed alone says little on 360 pictures."""
    listen = progress or _silent
    fixed = [train(TrainConfig(NetName.DIGITS_LIGHTNN2, seed=seed), listen) for seed in seeds]
    gated = [train(TrainConfig(NetName.DIGITS_FLIGHTNN, seed=seed), listen) for seed in seeds]
    terms = fmean(mean_terms(result.net) for result in gated)
    return FlightnnComparison(seeds, _mean_accuracy(fixed), _mean_accuracy(gated), terms)


def mean_terms(net: nn.Module) -> float:
    """Open gates a filter, averaged over all filters of the net's gated layers."""
    counts = [module.terms_per_filter() for module in net.modules() if isinstance(module, GatedWeight)]
    return float(torch.cat(counts).double().mean())


def main() -> None:
    """Prints the comparison over three seeds, which takes minutes."""
    study = flightnn_comparison()
    seeds = ", ".join(map(str, study.seeds))
    print(  # noqa: T201 - the program's result
        f"FLightNN on digits, measured, seeds {seeds}: accuracy {100 * study.flightnn_accuracy:.2f} % with mean k "
        f"{study.mean_terms:.2f}, against {100 * study.lightnn2_accuracy:.2f} % with k = 2 everywhere"
    )


def _mean_accuracy(results: list[TrainResult]) -> float:
    return fmean(result.test_accuracy for result in results)


def _silent(_: Epoch) -> None:
    return None


if __name__ == "__main__":
    main()
