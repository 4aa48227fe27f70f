"""The numbers of docs/optimizers.md."""

from statistics import mean

from measured.formats import CLOSE, EXACT, ROUGH, Commands, Numbers, only, short


def numbers(ran: Commands) -> Numbers:
    """Return how many networks fit the parabola and the largest error; with noise, the errors of
    Bayesian regularization and of Levenberg-Marquardt."""
    errors = only(ran, "hydra.sweep.dir=multirun/lm").all("loss")
    reached = sum(error <= 1e-7 for error in errors)
    found = {"reached": (str(reached), EXACT), "largest": (short(max(errors), 1), ROUGH)}
    jobs = only(ran, "hydra.sweep.dir=multirun/bayesian")
    bayesian, plain = jobs.all("test_rmse")[::2], jobs.all("test_rmse")[1::2]
    lower = sum(one < other for one, other in zip(bayesian, plain, strict=True))
    found |= {"bayesian": (short(mean(bayesian)), CLOSE), "plain": (short(mean(plain)), ROUGH)}
    effective = [result["metrics"]["effective_parameters"] for result in jobs.results[::2]]
    return found | {"lower": (str(lower), EXACT), "effective": (short(mean(effective), 2), CLOSE)}
