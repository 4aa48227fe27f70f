"""The numbers of docs/models/dbn.md."""

from measured.formats import Commands, Numbers, only, spread


def numbers(ran: Commands) -> Numbers:
    """Return the errors of autoencoders by what they start from, for two sizes."""
    found: Numbers = {}
    for size, longest in (("2", 80), ("4", 120)):
        for name in ("net", "started", "relu"):
            sweep = only(ran, f"hydra.sweep.dir=multirun/{name}_{size}")
            found |= spread(f"{name}_{size}", sweep.all("val_mse"))
        results = only(ran, f"hydra.sweep.dir=multirun/random_{size}").results
        for name, epochs in (("random", 40), ("longer", longest)):
            typed = f"trainer.max_epochs={epochs}"
            chosen = [r["metrics"]["val_mse"] for r in results if typed in r["overrides"]]
            found |= spread(f"{name}_{size}", chosen)
    return found
