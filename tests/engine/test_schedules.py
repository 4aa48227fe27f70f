"""Learning rates by epoch are those of torch's schedules."""

import pytest
import torch

from nnzoo import InputError
from nnzoo.engine.schedules import Schedule, check_length
from nnzoo.models.training.optimizers import SCHEDULERS, build_scheduler

CONFIGS = {
    "cosine": {"eta_min": 0.01},
    "exponential": {"gamma": 0.9},
    "linear": {"start_factor": 1.0, "end_factor": 0.1},
    "multistep": {"milestones": [2, 5], "gamma": 0.5},
    "step": {"step_size": 3},
}


@pytest.mark.parametrize("name", SCHEDULERS)
def test_rates_are_torchs(name):
    config = {"name": name} | CONFIGS[name]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    scheduler = build_scheduler(optimizer, 8, config)
    wanted = []
    for _ in range(8):
        wanted.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    schedule = Schedule(0.3, config, 8)
    assert [schedule.rate(epoch) for epoch in range(8)] == wanted
    assert Schedule(0.3, config, 8).rate(5) == wanted[5]  # of a resumed training
    assert schedule.rate(2) == wanted[2]
    assert len(set(wanted)) > 1


def test_a_schedule_that_ended_is_refused():
    cosine = {"name": "cosine"}
    with pytest.raises(InputError, match=r"planned for 5 epochs .* model.scheduler.T_max=9"):
        check_length(cosine, 5, 9)
    with pytest.raises(InputError, match=r"model.scheduler.total_iters=9"):
        check_length({"name": "linear", "total_iters": 5}, 5, 9)
    check_length(cosine, 5, 5)
    check_length(cosine | {"T_max": 9}, 5, 9)
    check_length({"name": "step", "step_size": 2}, 5, 9)
    check_length(None, 5, 9)
