"""The public surface: a change here changes what users type, read or import (CHANGELOG.md)."""

from importlib import import_module

import pytest
from run_folder import result_of, rows

CONFIG = """
seed threads show resume start_from resume_sweep
data._target_ data.seed data.scale data.target_scale
run.folder run.model run.data run.every_seconds
trainer.accelerator trainer.devices trainer.max_epochs trainer.check_val_every_n_epoch
callbacks logger
figures.draw figures.show figures.rotate
figures.kinds figures.format figures.dpi figures.size figures.style
model._target_ model.optimizer.lr
"""
RESULT = """
status error model data seed device parameters
monitor.metric monitor.label monitor.mode
best.epoch best.value last.epoch last.value
epochs fit_seconds members
metrics.loss metrics.accuracy metrics.balanced_accuracy
metrics.val_loss metrics.val_accuracy metrics.val_balanced_accuracy
recalls
weights outputs overrides
versions.python versions.nnzoo versions.torch versions.lightning versions.hydra-core
versions.scikit-learn versions.numpy
paths.folder paths.config paths.metrics paths.best paths.last
"""
COLUMNS = {
    "mlp": "epoch step loss rmse mae r2",
    "competitive": "epoch step loss quantization_error",
}
EXPORTS = {
    "nnzoo": """
        InputError Run conf_dir create_data create_model list_data list_models load_model load_run
        train
    """,
    "nnzoo.nn": """
        ACTIVATIONS INITIALS MLP RBM ARTLayer Cascade CompetitiveLayer ElmanLayer JordanLayer
        LevenbergMarquardt MovingAverage PrototypeLayer RadialBasis Reservoir Scaling ThresholdUnit
        art_rule artmap_rule batch_rule batch_step coverage energy_distance initialize kl_divergence
        lms_batch_rule lms_rule lvq_rule nguyen_widrow_ online_rule perceptron_rule rates
        relative_differences reparameterize ridge_regression sanger_batch_rule sanger_rule
    """,
    "nnzoo.sklearn": """
        AutoencoderDetector AutoencoderTransformer CompetitiveClustering FusedSearchCV
        FuzzyARTClustering FuzzyARTMAPClassifier GLVQClassifier GRNNRegressor LVQClassifier
        MLPClassifier MLPRegressor ModelClassifier ModelRegressor ModelTransformer
        NeuralGasClustering PNNClassifier PerceptronClassifier RBFClassifier RBFRegressor
        SOMClustering VAETransformer
    """,
    "nnzoo.export": """
        RawModel from_pretrained save_onnx save_pretrained save_torch
    """,
    "nnzoo.report": """
        write_report
    """,
    "nnzoo.models": """
        DBN GAN GLVQ GRNN LVQ MLP PNN RBF RBM SOM VAE Adaline Autoencoder CascadeCorrelation Clock
        Competitive Counterpropagation Descend EchoState Elman FuzzyART FuzzyARTMAP GrowingNeuralGas
        Hamming Hopfield Jordan Model ModernHopfield NeuralGas Perceptron Reconstructor Recurrent
        Rule Sanger Supervised
    """,
}


def dotted(node, prefix=""):
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_keys_of_the_config(composed):
    assert sorted(dotted(composed("model=mlp"))) == sorted(CONFIG.split())


def test_keys_of_a_result(trained):
    found = result_of(trained("model=mlp", "data=iris", "debug=default"))
    assert list(dotted(found)) == RESULT.split()


def test_keys_of_a_failed_result(composed, monkeypatch):
    from nnzoo.engine.loop import Engine
    from nnzoo.runs.run import train

    monkeypatch.setattr(Engine, "_take", lambda engine, batch, clock: 1 / 0)
    config = composed("model=mlp", "data=iris", "debug=default", "figures=none")
    with pytest.raises(ZeroDivisionError):
        train([config])
    found = result_of(config["run"]["folder"])
    names = [key.partition(".")[0] for key in RESULT.split()]
    assert list(found) == list(dict.fromkeys(names))
    assert (found["status"], found["error"]) == ("failed", "division by zero")


@pytest.mark.parametrize("model", COLUMNS)
def test_columns_of_the_metrics(model, trained):
    (row,) = rows(trained(f"model={model}", "debug=default"))
    assert list(row) == COLUMNS[model].split()


@pytest.mark.parametrize("module", EXPORTS)
def test_exported_names(module):
    imported = import_module(module)
    assert sorted(imported.__all__) == sorted(EXPORTS[module].split())
    assert all(hasattr(imported, name) for name in imported.__all__)
