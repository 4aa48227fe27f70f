"""The launcher of ``hydra/launcher=fused``: jobs of one kind train together."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path

from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, configure_log, run_job, setup_globals
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf, open_dict

JOB_NUMBER = "${hydra:job.num}"


@dataclass
class FusedLauncherConf:
    """Options of the launcher.

    Attributes:
        members: the most that train as one; None: as many as are fast and fit into memory.
        train: dotted path of a function such as ``nnzoo.sweeps.launch.launch``; None: the task
            function is called for each job.
    """

    _target_: str = "hydra_plugins.nnzoo_fused_launcher.FusedLauncher"
    members: int | None = None
    train: str | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="nnzoo_fused", node=FusedLauncherConf, provider="nnzoo"
)


class FusedLauncher(Launcher):
    """Trains the jobs of a sweep by a function from the config.

    Args:
        members, train: see ``FusedLauncherConf``.
    """

    def __init__(self, members: int | None = None, train: str | None = None) -> None:
        super().__init__()
        self.members, self.train = members, train

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        from nnzoo.sweeps.compose import Composer

        # The sweeper, which composes all configs to check them, shares the context.
        self.composer = Composer(hydra_context.config_loader)
        if self.train is not None:
            hydra_context.config_loader = self.composer  # type: ignore[assignment]
        self.hydra_context, self.task_function, self.config = hydra_context, task_function, config

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        setup_globals()
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        folder = Path(str(self.config.hydra.sweep.dir)).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        numbered = list(enumerate(job_overrides, start=initial_job_idx))
        if self.train is None:
            return [self._run(number, overrides) for number, overrides in numbered]

        from nnzoo.sweeps.launch import Launched

        jobs = [
            Launched(
                number,
                list(overrides),
                str(folder / self._subdir(number, overrides)),
                partial(self.composer.plain, self.config, overrides),
            )
            for number, overrides in numbered
        ]
        module, _, name = self.train.rpartition(".")
        values = getattr(import_module(module), name)(jobs, str(folder), self.members)
        return [self._done(job.overrides, value) for job, value in zip(jobs, values, strict=True)]

    def _subdir(self, number: int, overrides: Sequence[str]) -> str:
        """Return the folder of a job, relative to that of the sweep."""
        node = OmegaConf.to_container(self.config.hydra.sweep, resolve=False)
        if isinstance(node, dict) and node.get("subdir") == JOB_NUMBER:
            return str(number)
        config = self.composer.load(self.config, overrides)
        return str(self._numbered(config, number).hydra.sweep.subdir)

    @staticmethod
    def _numbered(config: DictConfig, number: int) -> DictConfig:
        from hydra.core.hydra_config import HydraConfig

        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
        HydraConfig.instance().cfg = config  # type: ignore[assignment]  # for interpolations
        return config

    def _done(self, overrides: list[str], value: float) -> JobReturn:
        done = JobReturn(overrides=overrides, cfg=self.config, hydra_cfg=self.config)
        done.working_dir, done.task_name = os.getcwd(), self.config.hydra.job.name
        done.return_value, done.status = value, JobStatus.COMPLETED
        return done

    def _run(self, number: int, overrides: Sequence[str]) -> JobReturn:
        config = self._numbered(self.composer.load(self.config, overrides), number)
        done = run_job(
            hydra_context=self.hydra_context,
            task_function=self.task_function,
            config=config,
            job_dir_key="hydra.sweep.dir",
            job_subdir_key="hydra.sweep.subdir",
        )
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        return done
