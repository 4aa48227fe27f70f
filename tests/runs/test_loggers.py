"""Loggers get the rows of ``metrics.csv`` and the config of their run, each job its own."""

import csv
import json
import logging

import pytest
import yaml
from lightning.pytorch.loggers import Logger
from run_folder import result_of, rows

from nnzoo.errors import InputError
from nnzoo.runs.loggers import build_loggers

MLP = ("model=mlp", "data=iris", "trainer.max_epochs=3", "figures=none")
NAMES = ("loss", "val_loss", "val_accuracy")


def read_csv(folder):
    with (folder / "csv/metrics.csv").open() as file:
        found = list(csv.DictReader(file))
    params = yaml.safe_load((folder / "csv/hparams.yaml").read_text())
    return [params], [{name: [float(row[name]) for row in found if row[name]] for name in NAMES}]


def read_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    content = events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    info = HParamsPluginData.FromString(content).session_start_info.hparams
    params = {name: value.number_value or value.string_value for name, value in info.items()}
    return [params], [{name: [e.value for e in events.Scalars(name)] for name in NAMES}]


def read_mlflow(folder):
    """All runs of the database in the current folder, if this is one of them."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient("sqlite:///mlflow.db")
    (experiment,) = [e for e in client.search_experiments() if e.name == "nnzoo"]
    runs = client.search_runs([experiment.experiment_id])
    runs = [run for run in runs if run.data.params["folder"] == str(folder)]
    assert {run.info.status for run in runs} == {"FINISHED"}
    return [run.data.params for run in runs], [
        {
            name: [m.value for m in client.get_metric_history(run.info.run_id, name)]
            for name in NAMES
        }
        for run in runs
    ]


def read_wandb(folder):
    from wandb.proto.wandb_internal_pb2 import Record

    (file,) = folder.glob("wandb/offline-run-*/*.wandb")
    params, metrics = {}, {name: [] for name in NAMES}
    for data in records(file.read_bytes()):
        record = Record.FromString(data)
        for item in (*record.config.update, *record.run.config.update):
            params[item.key] = json.loads(item.value_json)
        for item in record.history.item:
            name = item.key or item.nested_key[0]
            if name in NAMES:
                metrics[name].append(float(item.value_json))
    return [params], [metrics]


def records(content, block=32768, header=7):
    """The records of a LevelDB log, which a file of wandb is after its own header."""
    position, record = header, b""
    while position + header <= len(content):
        if (left := block - position % block) < header:
            position += left
            continue
        length = int.from_bytes(content[position + 4 : position + 6], "little")
        record += content[position + header : position + header + length]
        if content[position + 6] in (1, 4):  # whole, or the last piece
            yield record
            record = b""
        position += header + length


READERS = {
    "csv": (read_csv, "yaml"),
    "tensorboard": (read_tensorboard, "tensorboard"),
    "mlflow": (read_mlflow, "mlflow"),
    "wandb": (read_wandb, "wandb"),
}
EXTRA = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:::(mlflow|wandb|pydantic|google)")]
LOGGERS = [
    pytest.param(name, marks=EXTRA if name in ("mlflow", "wandb") else []) for name in READERS
]


def check(name, folder, overrides):
    """Compare what a run logged with its files; ``overrides`` are numbers by logged name."""
    read, _ = READERS[name]
    (params,), (metrics,) = read(folder)
    for metric, values in metrics.items():
        expected = [float(row[metric]) for row in rows(folder)]
        assert values == pytest.approx(expected, rel=1e-5), metric
    assert (params["model"], params["folder"]) == ("mlp", str(folder))
    found = {key: _nested(params, key) for key in overrides}
    assert {key: float(value) for key, value in found.items()} == pytest.approx(overrides)


def _nested(params, key):
    if key in params:
        return params[key]
    first, _, rest = key.partition("/")
    return _nested(params[first], rest)


@pytest.mark.parametrize("name", LOGGERS)
def test_a_run(name, nnzoo_train, tmp_path):
    pytest.importorskip(READERS[name][1])
    printed = nnzoo_train(*MLP, f"logger={name}", "model.optimizer.lr=0.05", "hydra.run.dir=run")
    assert (printed.code, result_of("run")["members"]) == (0, 1)
    expected = {"optimizer/lr": 0.05, "trainer/max_epochs": 3, "in_features": 4}
    check(name, tmp_path / "run", expected)


@pytest.mark.parametrize("name", LOGGERS)
def test_a_sweep_trained_together(name, nnzoo_train, tmp_path):
    pytest.importorskip(READERS[name][1])
    swept = ("-m", "model.optimizer.lr=0.01,0.05", "seed=1,2", "hydra.sweep.dir=sweep")
    printed = nnzoo_train(*MLP, f"logger={name}", *swept)
    assert printed.code == 0
    assert "jobs 0-3: trained together\n" in printed.out
    for job, (lr, seed) in enumerate([(0.01, 1), (0.01, 2), (0.05, 1), (0.05, 2)]):
        folder = tmp_path / "sweep" / str(job)
        check(name, folder, {"optimizer/lr": lr, "seed": seed, "data/val_fraction": 0.2})


@pytest.mark.slow
def test_parts_of_a_sweep_share_a_database(nnzoo_train, tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setattr("nnzoo.sweeps.sweep.MEMBERS_PER_PART", 2)
    typed = ("-m", "seed=range(0,6)", "logger=mlflow", "hydra.sweep.dir=sweep")
    printed = nnzoo_train(*MLP, *typed)
    assert "6 jobs, 0 failed" in printed.out
    for job in range(6):
        check("mlflow", tmp_path / "sweep" / str(job), {"seed": job})


@pytest.mark.parametrize("name", ["csv", "tensorboard"])
def test_lightnings_loop_logs_the_same_config(name, nnzoo_train, tmp_path):
    pytest.importorskip(READERS[name][1])
    typed = ("trainer.accumulate_grad_batches=2", f"logger={name}", "hydra.run.dir=run")
    assert nnzoo_train(*MLP, *typed, "seed=5").code == 0
    (params,), _ = READERS[name][0](tmp_path / "run")
    assert float(params["seed"]) == 5
    assert params["folder"] == str(tmp_path / "run")


class Failing(Logger):
    name = version = None

    def __init__(self, save_dir):
        super().__init__()
        self.bad = save_dir.endswith("/1")
        self.rows = 0

    experiment = None

    def log_hyperparams(self, values):
        pass

    def finalize(self, status):
        assert status == ("failed" if self.bad else "success")

    def log_metrics(self, metrics, step):
        self.rows += 1
        if self.bad and self.rows == 2:
            raise OSError("no space left")


def test_an_error_of_a_logger_ends_only_its_job(nnzoo_train, tmp_path):
    node = f"++logger.own={{_target_: {__name__}.Failing, save_dir: '${{run.folder}}'}}"
    printed = nnzoo_train(*MLP, "-m", "seed=0,1,2", node, "hydra.sweep.dir=sweep")
    assert printed.code == 1
    assert "3 jobs, 1 failed" in printed.out
    assert "job 1 failed: OSError: no space left" in printed.out
    assert [result_of(f"sweep/{job}")["status"] for job in (0, 2)] == ["completed"] * 2


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_extra(name, monkeypatch, composed):
    from lightning.pytorch import loggers

    class Absent:
        def __init__(self, **options):
            raise ModuleNotFoundError(name)

    kind = composed("model=mlp", f"logger={name}")["logger"][name]["_target_"].rpartition(".")[2]
    monkeypatch.setattr(loggers, kind, Absent)
    config = composed("model=mlp", f"logger={name}")
    with pytest.raises(InputError) as error:
        build_loggers(config)
    assert str(error.value) == f"logger={name} needs: pip install 'nnzoo[{name}]'"


def test_a_logger_with_wrong_options(nnzoo_train, tmp_path):
    printed = nnzoo_train(*MLP, "logger=csv", "logger.csv.save_dri=x", "hydra.run.dir=run")
    assert (printed.code, printed.out) == (1, "")
    assert "unknown key of logger.csv 'save_dri'; did you mean 'save_dir'?" in printed.err
    assert not (tmp_path / "run").exists()


# Other parts of the Trainer

SIMPLE = "lightning.pytorch.profilers.SimpleProfiler"


@pytest.mark.parametrize(
    "typed",
    ["trainer.profiler=simple", f"trainer.profiler._target_={SIMPLE}"],
)
def test_a_profiler_prints_its_report(typed, nnzoo_train, caplog):
    logger = logging.getLogger("lightning.pytorch")  # it does not propagate
    logger.addHandler(caplog.handler)
    try:
        printed = nnzoo_train("model=perceptron", "debug=default", typed, "hydra.run.dir=run")
    finally:
        logger.removeHandler(caplog.handler)
    assert printed.code == 0
    assert "trainer.profiler acts on each step" in printed.out
    assert "FIT Profiler Report" in caplog.text


WRONG = {
    f"trainer.profiler._target_={SIMPLE[:-1]}": f"trainer.profiler._target_ '{SIMPLE[:-1]}' cannot",
    f"trainer.profiler._target_={SIMPLE} trainer.profiler.filenam=x": (
        "unknown key of trainer.profiler 'filenam'; did you mean"
    ),
    "trainer.profiler._target_=fractions.Fraction": "trainer.profiler must be a Profiler of",
    "trainer.profiler._target_=datetime.date": "trainer.profiler._target_ 'datetime.date': no sig",
    "trainer.profiler=3": "trainer.profiler must be a Profiler of Lightning, got 3",
    f"+logger.a._target_={SIMPLE}": "logger.a must be a Logger of Lightning, got SimpleProfiler",
    "+logger.a=3": "logger.a must be a mapping with a _target_, got 3",
    f"+callbacks.a._target_={SIMPLE}": "callbacks.a must be a Callback of Lightning, got SimplePro",
    "+callbacks.a=3": "callbacks.a must be a mapping with a _target_, got 3",
    "+callbacks.a._target_=lightning.pytorch.callbacks.EarlyStopping": "missing 1 required",
}


@pytest.mark.parametrize("typed", WRONG)
def test_a_part_of_the_trainer_that_is_none(typed, nnzoo_train, tmp_path):
    common = ("model=perceptron", "trainer.max_epochs=2", "figures=none", "hydra.run.dir=run")
    printed = nnzoo_train(*common, *typed.split())
    assert (printed.code, printed.err.count("\n")) == (1, 1)
    assert WRONG[typed] in printed.err
    assert not (tmp_path / "run").exists()
