"""Checks of whether a data module suits a model."""

from typing import Any

from nnzoo.errors import InputError, counted


def check_features(in_features: int, data: Any) -> None:
    """Raise an InputError if data do not have this number of features."""
    if in_features != data.n_features:
        raise InputError(
            f"model.in_features is {in_features} but the data have "
            f"{counted(data.n_features, 'feature')}; leave it null to take it from the data"
        )


def check_time(learns_sequences: bool, data: Any) -> None:
    """Raise an InputError if data are sequences and a model learns points, or the other way
    around."""
    if learns_sequences and data.points.n_steps is None:
        raise InputError(
            "this model learns sequences, and the data are points: choose data=sequence, "
            "data=mackey_glass or data=series; in Python an array (sequences, time, features)"
        )
    if not learns_sequences and data.points.n_steps is not None:
        raise InputError(
            "the data are sequences, which this model does not learn; model=elman, "
            "model=jordan and model=echo_state do"
        )


def check_one_batch(data: Any) -> None:
    """Raise an InputError if a batch does not have all training points."""
    if data.batch_points() < len(data.raw[0].x):
        raise InputError(
            f"this model learns all {len(data.raw[0].x)} "
            f"{'points' if data.points.n_steps is None else 'sequences'} in one step: set "
            "data.batch_size=null"
        )
