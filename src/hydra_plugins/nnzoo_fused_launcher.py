"""``hydra/launcher=fused``: a sweep's jobs that are alike are trained as one."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict


@dataclass
class FusedLauncherConf:
    """Options of the launcher.

    Attributes:
        members: the most to be trained at once; None: as many as are fast and fit into memory.
    """

    _target_: str = "hydra_plugins.nnzoo_fused_launcher.FusedLauncher"
    members: int | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="fused", node=FusedLauncherConf, provider="nnzoo"
)


class FusedLauncher(Launcher):
    """Runs jobs in this process, one after the other; those that are alike it trains as one.

    A task function that can do that has an attribute ``together``: called with the jobs' configs,
    as yet without their folders, and ``members``, it yields the number of a job and the task that
    ends it, or None where it is still to be called for it. Any other task function is called once
    a job, as Hydra's basic launcher does.

    Args:
        members: see ``FusedLauncherConf``.
    """

    def __init__(self, members: int | None = None) -> None:
        super().__init__()
        self.members = members

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        from nnzoo.sweeps.composing import Composer

        # The sweeper, which composes all configs to check them, has the same context.
        hydra_context.config_loader = Composer(hydra_context.config_loader)  # type: ignore[assignment]
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        Path(str(self.config.hydra.sweep.dir)).mkdir(parents=True, exist_ok=True)
        load = self.hydra_context.config_loader.load_sweep_config
        configs = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            config = load(self.config, list(overrides))
            with open_dict(config):
                config.hydra.job.id = config.hydra.job.num = number
            configs.append(config)

        def run(index: int, task: TaskFunction) -> JobReturn:
            done = run_job(
                hydra_context=self.hydra_context,
                task_function=task,
                config=configs[index],
                job_dir_key="hydra.sweep.dir",
                job_subdir_key="hydra.sweep.subdir",
            )
            configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
            return done

        def end(index: int, task: TaskFunction) -> JobReturn:
            config = configs[index]
            if config.hydra.output_subdir is not None or config.hydra.job.chdir:
                return run(index, task)
            return self._ended(config, task)

        together: Any = getattr(self.task_function, "together", None)
        if together is None:
            return [run(index, self.task_function) for index in range(len(configs))]
        done = {
            index: run(index, self.task_function) if task is None else end(index, task)
            for index, task in together(configs, self.members)
        }
        return [done[index] for index in range(len(configs))]

    def _ended(self, config: DictConfig, task: TaskFunction) -> JobReturn:
        """What ``run_job`` gives for a job, without the copies of its config, which take longer
        than what is left to do where its work is done."""
        HydraConfig.instance().cfg = config  # type: ignore[assignment]
        callbacks = self.hydra_context.callbacks
        callbacks.on_job_start(config=config, task_function=task)
        overrides = [str(item) for item in config.hydra.overrides.task]
        done = JobReturn(overrides=overrides, cfg=config, hydra_cfg=config)
        done.working_dir, done.task_name = os.getcwd(), config.hydra.job.name
        try:
            done.return_value = task(config)
            done.status = JobStatus.COMPLETED
        except Exception as error:
            done.return_value = error
            done.status = JobStatus.FAILED
        callbacks.on_job_end(config=config, job_return=done)
        return done
