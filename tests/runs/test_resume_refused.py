"""Options that a resumed run must share with the first one; others are refused."""

import json
from pathlib import Path

import pytest
from run_folder import result_of, rows
from test_resume import assert_equal, options

from nnzoo.errors import InputError
from nnzoo.runs.run import train

REFUSED = {
    "": "was trained for 7 epochs; trainer.max_epochs, which includes them, is 7: raise it",
    "model=autoencoder data.scale=none": "is of another model or other sizes; repeat its run's",
    "model.hidden=[3]": "is of another model or other sizes",
    "model.activation=sigmoid": "was trained with model.activation=tanh, not sigmoid",
    "model.optimizer.lr=1": "was trained with model.optimizer={'lr': 0.01}, not {'lr': 1}",
    "data.scale=none": "was trained on data with another scaling; repeat its run's options",
    "seed=1": "was trained with seed=0: resume with seed=0",
    "data.seed=1": "was trained with data.seed=0, not 1",
    "data.val_fraction=0": "with data or data.val_fraction=120 + 30 points, not 150 + 0 points",
    "data.batch_size=5": "was trained with data.batch_size=32, not 5",
    "data.batch_size=null": "was trained with data.batch_size=32, not 120",
    "data.shuffle=false": "was trained with data.shuffle=True, not False",
    "trainer.gradient_clip_val=1": "was trained with trainer.gradient_clip_val=None, not 1.0",
    "trainer.precision=64-true": "was trained in torch.float32; repeat its run's trainer.precision",
}


@pytest.mark.parametrize("typed", REFUSED)
def test_other_options_are_refused(typed, trained, nnzoo_train, tmp_path):
    first = trained(*options("mlp"))
    left_out = ("figures", "++trainer.max", "++data.batch", "data.batch")
    own = [text for text in options("mlp") if not text.startswith(left_out)]
    more = [] if typed == "" else ["trainer.max_epochs=9"]
    printed = nnzoo_train(*own, "trainer.max_epochs=7", *typed.split(), *more, f"resume={first}")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert REFUSED[typed] in printed.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("more", [[], ["++trainer.accumulate_grad_batches=2"]])
def test_another_metric_of_early_stopping_is_refused(more, trained, composed):
    typed = (*options("mlp"), "callbacks=early_stopping", *more)
    other = "++callbacks.early_stopping.monitor=val_accuracy"
    resumed = composed(*typed, other, "trainer.max_epochs=9", f"resume={trained(*typed)}")
    with pytest.raises(InputError, match="monitor=val_loss, not val_accuracy; repeat its run's"):
        train([resumed])


@pytest.mark.parametrize("more", [[], ["++trainer.accumulate_grad_batches=2"]])
@pytest.mark.parametrize("result", [None, "failed"])
def test_a_complete_training_without_a_result_gets_one(more, result, composed):
    """As after a kill between the last checkpoint and ``result.json``."""
    whole = composed(*options("mlp"), *more)
    train([whole])
    folder = Path(whole["run"]["folder"])
    kept = result_of(folder)
    (folder / "result.json").unlink()
    if result is not None:
        (folder / "result.json").write_text(f'{{"status": "{result}"}}')
    rest = composed(*options("mlp"), *more, f"resume={folder}")
    train([rest])
    (folder / "result.json").write_text(json.dumps(kept))
    assert_equal(rest["run"]["folder"], folder)


def test_a_training_that_stopped_by_itself_without_a_result_gets_one(composed):
    perceptron = ("model=perceptron", "figures=none")
    whole = composed(*perceptron)
    train([whole])
    folder = Path(whole["run"]["folder"])
    (folder / "result.json").unlink()
    (result,) = train([composed(*perceptron, "trainer.max_epochs=999", f"resume={folder}")])
    assert (result.error, result.content["epochs"]) == (None, len(rows(folder)))


def test_a_training_that_stopped_by_itself_is_refused(trained, nnzoo_train, tmp_path):
    stopping = ("model=sigmoid_classifier", "callbacks=early_stopping")
    early = ("callbacks.early_stopping.min_delta=10", "callbacks.early_stopping.patience=2")
    early = tuple(f"++{text}" for text in early)
    for options_ in (("model=perceptron",), (*stopping, *early)):
        folder = trained(*options_)
        more = "trainer.max_epochs=999"
        printed = nnzoo_train(*options_, more, f"resume={folder}", "hydra.run.dir=rest")
        assert (printed.code, printed.out) == (1, "")
        epochs = result_of(folder)["epochs"]
        assert f"ended by itself after {epochs} epochs; there is nothing to resume" in printed.err
        assert not list(tmp_path.rglob("*.*"))


def test_a_schedule_that_has_ended_needs_a_new_length(trained, nnzoo_train, tmp_path):
    cosine = ("model=mlp", "++model.scheduler.name=cosine", "trainer.max_epochs=5")
    first = trained(*cosine)
    longer = (*cosine[:2], "trainer.max_epochs=8", f"resume={first}", "figures=none")
    printed = nnzoo_train(*longer)
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == (
        "error: the cosine schedule was planned for 5 epochs and trainer.max_epochs is 8: give it "
        "a new length with model.scheduler.T_max=8\n"
    )
    assert not list(tmp_path.iterdir())
    printed = nnzoo_train(*longer, "model.scheduler.T_max=8", "hydra.run.dir=rest")
    assert (printed.code, printed.err) == (0, "")
    assert result_of("rest")["epochs"] == 8


def test_a_rule_that_depends_on_the_length_resumes_only_with_it(trained, nnzoo_train, tmp_path):
    first = trained("model=competitive", "trainer.max_epochs=2")
    printed = nnzoo_train("model=competitive", "trainer.max_epochs=3", f"resume={first}")
    assert (printed.code, printed.out) == (1, "")
    assert printed.err == (
        "error: the rates or stages of this model depend on the length of the training, which is 2 "
        "epochs: resume with trainer.max_epochs=2, or start a new run\n"
    )
    assert not list(tmp_path.iterdir())


def test_best_checkpoints_cannot_be_resumed(trained, composed):
    folder = trained(*options("mlp"))
    typed = (*options("mlp"), "trainer.max_epochs=9")
    with pytest.raises(InputError, match=r"holds only weights; resume from a run's last\.ckpt"):
        train([composed(*typed, f"resume={folder / 'checkpoints' / 'best.ckpt'}")])
