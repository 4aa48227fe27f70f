"""Configs of a sweep's jobs: Hydra composes one of each kind, and values are set in it."""

import copy
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

NUMBER = "${hydra:job.num}"
"""The default name of a job's folder in the sweep's folder."""


class Composer:
    """Replaces Hydra's ``ConfigLoader`` and composes the jobs of a sweep much faster.

    Hydra composes each job twice from all config files, though most jobs of a sweep differ only in
    values. Here Hydra composes the first job of each kind, and the values of others are set in
    plain containers.

    Args:
        loader: Hydra's ``ConfigLoader``.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self._parse = cache(OverridesParser.create(config_loader=loader).parse_override)
        self._is_group = cache(lambda key: bool(loader.get_group_options(key)))
        self._kinds: dict[tuple[str, ...], tuple[DictConfig, dict[str, Any]]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return a config to check a job's overrides; its values may be those of another job."""
        return self._kind(master_config, sweep_overrides)[0]

    def plain(
        self, master_config: DictConfig, overrides: Sequence[str], number: int, sweep_folder: Path
    ) -> dict[str, Any]:
        """Return a job's config without the node ``hydra``, resolved, in plain containers."""
        _, plain, values = self._kind(master_config, overrides)
        if plain:
            values["hydra.job.num"] = number
            values["hydra.runtime.output_dir"] = str(sweep_folder / str(number))
            _set(plain, values)  # replaces those of the previous job
            with suppress(KeyError, TypeError):  # an interpolation that is not a path
                return {k: _resolved(node, plain) for k, node in plain.items() if k != "hydra"}
        config = self.loader.load_sweep_config(master_config, list(overrides))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = number
            HydraConfig.instance().cfg = config  # for interpolations
            config.hydra.runtime.output_dir = str(sweep_folder / str(config.hydra.sweep.subdir))
            HydraConfig.instance().cfg = copy.deepcopy(config)
            del config["hydra"]
        resolved: Any = OmegaConf.to_container(config, resolve=True)
        return dict(resolved)

    def _kind(
        self, master_config: DictConfig, overrides: Sequence[str]
    ) -> tuple[DictConfig, dict[str, Any], dict[str, Any]]:
        """Return the config of the first job of a job's kind, its template, and the job's values.

        Jobs of one kind differ only in values.
        """
        values = {}
        key = []
        for text in overrides:
            override = self._parse(text)
            if self._sets_value(override, text):
                values[override.key_or_group] = override.value()
                key.append(override.key_or_group)
            else:
                key.append(text)
        if tuple(key) not in self._kinds:
            config = self.loader.load_sweep_config(master_config, list(overrides))
            self._kinds[tuple(key)] = config, _template(config, values)
        return *self._kinds[tuple(key)], values

    def _sets_value(self, override: Override, text: str) -> bool:
        """Return whether an override only sets a value outside of ``hydra``."""
        return not (
            override.package is not None
            or override.is_delete()
            or override.key_or_group.startswith("hydra.")
            or isinstance(override.value(), dict)  # Hydra merges it
            or "${" in text
            or self._is_group(override.key_or_group)
        )


def _template(config: DictConfig, values: dict[str, Any]) -> dict[str, Any]:
    """Return a config in plain containers, in which the values of other jobs can be set.

    It is empty if Hydra must compose each job, for example because the order of overrides matters.
    """
    plain: Any = OmegaConf.to_container(config, resolve=False)
    hydra = plain["hydra"]
    plain["hydra"] = {"job": {}, "runtime": {"choices": hydra["runtime"]["choices"]}}
    repeated = copy.deepcopy(plain)
    with suppress(KeyError, TypeError):
        _set(repeated, values)
        if repeated == plain and hydra["sweep"]["subdir"] == NUMBER:
            return dict(plain)
    return {}


def _set(plain: dict[str, Any], values: dict[str, Any]) -> None:
    for path, value in values.items():
        *parents, last = path.split(".")
        node = plain
        for name in parents:
            node = node[name]
        node[last] = value


def _resolved(value: Any, root: dict[str, Any]) -> Any:
    """Return a copy of a value with its interpolations resolved.

    Raises:
        KeyError, TypeError: if an interpolation is not the path of a node.
    """
    if isinstance(value, dict):
        return {key: _resolved(item, root) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, root) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    found: Any = root
    for name in value.removeprefix("${").removesuffix("}").replace("hydra:", "hydra.").split("."):
        found = found[name]
    return _resolved(found, root)
