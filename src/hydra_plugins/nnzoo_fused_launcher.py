"""The launcher of ``hydra/launcher=fused``, with which jobs of one kind train together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra._internal.core_plugins.basic_launcher import BasicLauncher
from hydra.core.config_store import ConfigStore
from hydra.core.utils import JobReturn, JobStatus, configure_log
from hydra.types import HydraContext, TaskFunction
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf


@dataclass
class FusedLauncherConf:
    """Options of the launcher.

    Attributes:
        members: maximum number of jobs that train together; None: as many as are fast and fit into
            memory.
        train: dotted path of a function such as ``nnzoo.sweeps.launch.launch``; None: call the
            task function for each job.
    """

    _target_: str = "hydra_plugins.nnzoo_fused_launcher.FusedLauncher"
    members: int | None = None
    train: str | None = None


ConfigStore.instance().store(
    group="hydra/launcher", name="nnzoo_fused", node=FusedLauncherConf, provider="nnzoo"
)


class FusedLauncher(BasicLauncher):
    """Trains the jobs of a sweep with a function that the config names.

    Args:
        members, train: see ``FusedLauncherConf``.
        options: other arguments of the function.
    """

    def __init__(
        self, members: int | None = None, train: str | None = None, **options: Any
    ) -> None:
        super().__init__()
        self.members, self.train = members, train
        plain: Any = OmegaConf.to_container(OmegaConf.create(options), resolve=True)
        self.options: dict[str, Any] = plain

    def setup(
        self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig
    ) -> None:
        super().setup(hydra_context=hydra_context, task_function=task_function, config=config)
        if self.train is not None:
            from nnzoo.sweeps.compose import Composer

            # Shared with the sweeper, which composes all configs to check them.
            self.composer = Composer(hydra_context.config_loader)
            hydra_context.config_loader = self.composer  # type: ignore[assignment]

    def launch(
        self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int
    ) -> Sequence[JobReturn]:
        if self.train is None:
            return super().launch(job_overrides, initial_job_idx)
        from nnzoo.sweeps.sweep import Spec

        assert self.config is not None
        configure_log(self.config.hydra.hydra_logging, self.config.hydra.verbose)
        folder = Path(str(self.config.hydra.sweep.dir)).absolute()
        jobs = []
        for number, overrides in enumerate(job_overrides, start=initial_job_idx):
            config = self.composer.plain(self.config, overrides, number, folder)
            jobs.append(Spec(config, list(overrides), number))
        values = get_method(self.train)(jobs, folder, self.members, **self.options)
        done = []
        for job, value in zip(jobs, values, strict=True):
            done.append(JobReturn(overrides=job.overrides, status=JobStatus.COMPLETED))
            done[-1].return_value = value
        return done
