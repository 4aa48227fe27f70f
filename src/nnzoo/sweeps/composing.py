"""Configs of a sweep's jobs, composed once for each choice of config groups."""

import copy
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import OmegaConfBaseException


class Composer:
    """Stands in for Hydra's ``ConfigLoader``, and composes the jobs of a sweep much sooner.

    Hydra composes a config from all its files for each job, and that twice, though the jobs of a
    sweep mostly differ in values alone. Here those values are put into a copy.

    Args:
        loader: Hydra's.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.parser = OverridesParser.create(config_loader=loader)
        self._composed: dict[tuple[str, ...], DictConfig] = {}
        self._groups: dict[str, bool] = {}
        self._ready: dict[tuple[str, ...], list[DictConfig]] = defaultdict(list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """The config of a job.

        Args:
            master_config: of the whole sweep.
            sweep_overrides: of the job.
        """
        overrides = list(sweep_overrides)
        # Hydra asks for all configs to check them, and a launcher then asks once more.
        if ready := self._ready[tuple(overrides)]:
            return ready.pop()
        config = self._composed_of(master_config, overrides)
        # A copy, since jobs with the same overrides have numbers of their own.
        ready.append(copy.deepcopy(config))
        return config

    def _composed_of(self, master_config: DictConfig, overrides: list[str]) -> DictConfig:
        parsed = self.parser.parse_overrides(overrides)
        values = [override for override in parsed if not self._chooses(override)]
        if all(map(_sets_value, values)):
            choices = tuple(o for o, p in zip(overrides, parsed, strict=True) if p not in values)
            if choices not in self._composed:
                self._composed[choices] = self._load(master_config, choices)
            config = copy.deepcopy(self._composed[choices])
            try:
                for override in values:
                    force = override.is_force_add()
                    value = override.value()
                    OmegaConf.update(config, override.key_or_group, value, force_add=force)
            except OmegaConfBaseException:  # which Hydra tells better
                return self._load(master_config, overrides)
            job = config.hydra.job
            names = job.config.override_dirname
            lines = [
                line
                for line, override in zip(overrides, parsed, strict=True)
                if override.key_or_group not in names.exclude_keys
            ]
            with open_dict(config.hydra):
                config.hydra.overrides.task = overrides
                job.override_dirname = names.item_sep.join(sorted(lines)).replace("=", names.kv_sep)
            OmegaConf.copy_cache(from_config=master_config, to_config=config)
            return config
        return self._load(master_config, overrides)

    def _load(self, master: DictConfig, overrides: Iterable[str]) -> DictConfig:
        config: DictConfig = self.loader.load_sweep_config(master, list(overrides))
        return config

    def _chooses(self, override: Override) -> bool:
        """Whether an override chooses an entry of a config group."""
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self.loader.get_group_options(key))
        return self._groups[key]


def _sets_value(override: Override) -> bool:
    """Whether an override is ``KEY=VALUE`` or ``++KEY=VALUE``."""
    return override.package is None and not override.is_delete() and not override.is_add()
