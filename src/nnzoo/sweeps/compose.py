"""Configs of a sweep's jobs: Hydra composes one for each choice of config groups."""

import copy
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf, open_dict

REFERENCE = re.compile(r"\$\{([\w.]+)\}")
CHOICE = re.compile(r"\$\{hydra:runtime\.choices\.(\w+)\}")
OUTPUT_DIR = "${hydra:runtime.output_dir}"


class Composer:
    """Replaces Hydra's ``ConfigLoader`` and composes the jobs of a sweep much faster.

    Hydra composes each job twice from all config files, though most jobs of a sweep differ only in
    values. Here such values are set in plain containers.

    Args:
        loader: Hydra's.
    """

    def __init__(self, loader: Any) -> None:
        self.loader = loader
        self.parser = OverridesParser.create(config_loader=loader)
        self._composed: dict[tuple[str, ...], tuple[DictConfig, dict[str, Any]]] = {}
        self._groups: dict[str, bool] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def load_sweep_config(
        self, master_config: DictConfig, sweep_overrides: list[str]
    ) -> DictConfig:
        """Return a job's config to check its overrides; values may be those of another job."""
        parsed = self._parsed(sweep_overrides)
        if parsed is not None:
            choices, values = parsed
            config, plain = self._base(master_config, choices)
            if all(value.is_force_add() or _has(plain, value.key_or_group) for value in values):
                return config
        return self.load(master_config, sweep_overrides)

    def load(self, master_config: DictConfig, overrides: Sequence[str]) -> DictConfig:
        """Return a job's config as Hydra composes it."""
        config: DictConfig = self.loader.load_sweep_config(master_config, list(overrides))
        return config

    def plain(
        self, master_config: DictConfig, overrides: Sequence[str], folder: str
    ) -> dict[str, Any]:
        """Return a job's config without the node ``hydra``, resolved, in plain containers.

        Args:
            master_config: of the whole sweep.
            overrides: of the job.
            folder: of the job.
        """
        parsed = self._parsed(overrides)
        if parsed is not None:
            choices, values = parsed
            config, plain = self._base(master_config, choices)
            plain = copy.deepcopy(plain)
            for value in values:
                _set(plain, value.key_or_group, value.value())
            with suppress(KeyError):  # an interpolation of another kind
                resolved: dict[str, Any] = _resolved(plain, plain, config, folder)
                return resolved
        return self._resolved_by_hydra(self.load(master_config, overrides), folder)

    @staticmethod
    def _resolved_by_hydra(config: DictConfig, folder: str) -> dict[str, Any]:
        from hydra.core.hydra_config import HydraConfig

        HydraConfig.instance().cfg = config  # type: ignore[assignment]  # for interpolations
        with open_dict(config.hydra.runtime):
            config.hydra.runtime.output_dir = folder
        return {
            str(key): OmegaConf.to_container(config[key], resolve=True)
            if OmegaConf.is_config(config[key])
            else config[key]
            for key in config
            if key != "hydra"
        }

    def _parsed(self, overrides: Sequence[str]) -> tuple[tuple[str, ...], list[Override]] | None:
        """Return overrides that choose entries, and those that set values; None: others occur."""
        parsed = self.parser.parse_overrides(list(overrides))
        values = [override for override in parsed if not self._chooses(override)]
        if not all(map(_sets_value, values)):
            return None
        pairs = zip(overrides, parsed, strict=True)
        return tuple(text for text, override in pairs if override not in values), values

    def _base(
        self, master_config: DictConfig, choices: tuple[str, ...]
    ) -> tuple[DictConfig, dict[str, Any]]:
        if choices not in self._composed:
            config = self.load(master_config, choices)
            plain: Any = OmegaConf.to_container(config, resolve=False)
            plain.pop("hydra", None)
            self._composed[choices] = config, plain
        return self._composed[choices]

    def _chooses(self, override: Override) -> bool:
        """Return whether an override chooses an entry of a config group."""
        key = override.key_or_group
        if key not in self._groups:
            self._groups[key] = bool(self.loader.get_group_options(key))
        return self._groups[key]


def _sets_value(override: Override) -> bool:
    """Return whether an override is ``KEY=VALUE`` or ``++KEY=VALUE`` outside of ``hydra``."""
    return (
        override.package is None
        and not override.is_delete()
        and not override.is_add()
        and not override.key_or_group.startswith("hydra.")
    )


def _has(plain: Mapping[str, Any], path: str) -> bool:
    *parents, last = path.split(".")
    node: Any = plain
    for name in parents:
        node = node.get(name) if isinstance(node, Mapping) else None
    return isinstance(node, Mapping) and last in node


def _set(plain: dict[str, Any], path: str, value: Any) -> None:
    """Set a value in nested mappings; a mapping is merged, as Hydra does."""
    *parents, last = path.split(".")
    node: Any = plain
    for name in parents:
        if not isinstance(node.get(name), dict):
            node[name] = {}
        node = node[name]
    if isinstance(value, Mapping) and isinstance(node.get(last), dict):
        for name, item in value.items():
            _set(node[last], str(name), item)
    else:
        node[last] = copy.deepcopy(value)


def _resolved(value: Any, root: Mapping[str, Any], config: DictConfig, folder: str) -> Any:
    """Return a value with its interpolations resolved.

    Raises:
        KeyError: if an interpolation is of another kind.
    """
    if isinstance(value, dict):
        return {key: _resolved(item, root, config, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, root, config, folder) for item in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    if value == OUTPUT_DIR:
        return folder
    if match := CHOICE.fullmatch(value):
        return config.hydra.runtime.choices[match[1]]
    if (match := REFERENCE.fullmatch(value)) is None:
        raise KeyError(value)
    found: Any = root
    for name in match[1].split("."):
        found = found[name]
    return _resolved(found, root, config, folder)
