"""Training in stages: the stages' shares of the training, and the stage of a step."""

import math
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from nnzoo.errors import InputError, check_float
from nnzoo.models.training.steps import ENDLESS, Clock


def check_stages(stages: Any) -> list[float]:
    """Check the shares of three stages and return them.

    Raises:
        InputError: if they are not three numbers that add up to 1, the last one above 0.
    """
    if not isinstance(stages, list | tuple) or len(stages) != 3:
        raise InputError(
            "model.stages must be three shares of the training, for the encoder, the competitive "
            f"layer and the head, such as [0.4, 0.2, 0.4]; got {stages!r}"
        )
    shares = [check_float("each of model.stages", share, low=0, high=1) for share in stages]
    if not math.isclose(sum(shares), 1):
        raise InputError(f"model.stages must add up to 1; {shares} add up to {sum(shares):g}")
    if shares[2] == 0:
        raise InputError("the last of model.stages must be above 0: the head must learn")
    return shares


def stage_of(shares: Sequence[float], clock: Clock) -> tuple[int, int]:
    """Return the stage (0, 1, ...) of the previous step, 0 before the first one, and of this step.

    Raises:
        InputError: if the length of the training is not known.
    """
    if clock.steps >= ENDLESS:
        raise InputError(
            "the stages are shares of a training whose length is not known: set "
            "trainer.max_steps, or use a loader that has a length"
        )
    ends = list(accumulate(shares[:-1]))
    # Use the middle of the step, since sums of shares are not exact at its edges.
    middle = clock.progress + clock.share / 2
    return bisect(ends, middle - clock.share), bisect(ends, middle)
