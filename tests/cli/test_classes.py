"""Reports on classes: recalls, the confusion matrix, and a note on unequal sizes."""

import pytest
import torch
from run_folder import result_of

import nnzoo
from nnzoo.runs.checkpoint import load_model
from nnzoo.runs.evaluation import confusion, recalls

TRAIN = ("data=csv", "data.target=kind", "trainer.max_epochs=2", "hydra.run.dir=run")


@pytest.fixture
def file(tmp_path):
    """20 points of a, 200 of b, in 1-D."""
    rows = [f"{i % 13},{'a' if i % 11 == 0 else 'b'}" for i in range(220)]
    (tmp_path / "few.csv").write_text("\n".join(["x,kind", *rows]))
    return tmp_path / "few.csv"


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["model=mlp"], "; model.class_weight=balanced gives the classes equal weight"),
        (["model=mlp", "model.class_weight=balanced"], ""),
        (["model=perceptron"], ""),
    ],
)
def test_classes_of_unequal_size_are_noted(nnzoo_train, file, options, hint):
    file.write_text(file.read_text() + "\n1,b")
    path = f"data.path={file}"
    printed = nnzoo_train(*TRAIN, path, *options, "figures=none", "data.val_fraction=0")
    assert (printed.code, printed.err) == (0, "")
    assert (
        "note: the training part has 201 points of class b and 20 of a: see balanced_accuracy and "
        f"the recalls{hint}\n"
    ) in printed.out


def test_one_to_ten_is_not_noted(nnzoo_train, file):
    printed = nnzoo_train("model=mlp", *TRAIN, f"data.path={file}", "figures=none")
    assert "the training part has" not in printed.out


def test_recalls_and_the_figure(nnzoo_train, nnzoo_evaluate, file, tmp_path):
    printed = nnzoo_train("model=mlp", *TRAIN, f"data.path={file}", "data.val_fraction=0.5")
    assert (printed.code, printed.err) == (0, "")
    assert "\nrecall by class, validation part\n  class  points  recall\n" in printed.out
    found = result_of(tmp_path / "run")
    assert [row["class"] for row in found["recalls"]] == ["a", "b"]
    mean = sum(row["recall"] for row in found["recalls"]) / 2
    assert found["metrics"]["val_balanced_accuracy"] == pytest.approx(mean)
    assert (tmp_path / "run" / "figures" / "confusion.png").exists()
    printed = nnzoo_evaluate("run=run")
    assert result_of(tmp_path / "run" / "evaluation")["recalls"] == found["recalls"]
    assert "recall by class, validation part" in printed.out


def test_the_confusion_matrix_counts_unseen_points(trained):
    model = load_model(trained("model=mlp", "data=iris", "trainer.max_epochs=3"))
    data = nnzoo.create_data("iris", val_fraction=0.3)
    data.scaling.load_state_dict(model.scaling.state_dict())
    counts, (x, y) = confusion(model, data), data.raw[1]
    assert counts.sum() == len(x) == 45
    predicted = model.predict(x).argmax(-1)
    assert counts[0, 1] == int(((y == 0) & (predicted == 1)).sum())
    assert counts.diagonal().sum() == int((y == predicted).sum())
    assert [row["points"] for row in recalls(model, data)] == counts.sum(1).tolist()


@pytest.mark.parametrize(("model", "data"), [("mlp", "parabola"), ("vae", "iris")])
def test_no_confusion_without_classes(model, data):
    data = nnzoo.create_data(data)
    assert confusion(nnzoo.create_model(model, data), data) is None


def test_no_confusion_of_many_classes():
    data = nnzoo.create_data("xor", x=torch.rand(42, 2).tolist(), y=list(range(21)) * 2)
    assert confusion(nnzoo.create_model("mlp", data), data) is None
