"""Notes on an output activation that the data have decided on, and on points not learned."""

import pytest

import nnzoo
from nnzoo.runs.job import Job

NOTE = "note: model.output_activation is identity, since the scaled data leave [0, 1]\n"
TRAIN = ("data=iris", "trainer.max_epochs=1", "figures=none")


@pytest.mark.parametrize(
    ("options", "is_noted"),
    [
        (["model=autoencoder", "data.scale=standard"], True),
        (["model=vae", "data.scale=standard", "model.output_activation=null"], True),
        (["model=autoencoder", "data.scale=minmax"], False),
        (["model=autoencoder", "data.scale=standard", "model.output_activation=identity"], False),
        (["model=mlp", "data.scale=standard"], False),
    ],
)
def test_the_choice_is_noted_once(nnzoo_train, options, is_noted):
    printed = nnzoo_train(*TRAIN, *options)
    assert (printed.code, printed.err) == (0, "")
    assert printed.out.count(NOTE) == is_noted


def test_outputs_that_cannot_reach_the_data_are_noted(nnzoo_train):
    text = "leave [0, 1], which the outputs of model.output_activation=sigmoid cannot"
    assert nnzoo_train("model=dbn", "data=iris", *TRAIN[1:], "hydra.run.dir=net").code == 0
    for scale in ("minmax", "standard"):  # the activation is that of the net
        printed = nnzoo_train("model=autoencoder", *TRAIN, "start_from=net", f"data.scale={scale}")
        assert (printed.code, text in printed.out) == (0, scale == "standard")


def test_jobs_do_not_change_the_notes_of_data_that_they_share(composed):
    data = nnzoo.create_data("iris", scale="standard")
    for seed in (0, 1):
        Job(composed("model=autoencoder", "data=iris", f"seed={seed}"), [], data)
    assert data.notes == []


@pytest.mark.parametrize("categories", [1, 100])
def test_points_that_are_not_learned_are_noted(nnzoo_train, categories):
    printed = nnzoo_train("model=art", *TRAIN, f"model.categories={categories}")
    is_noted = "note: some points were not learned, since all categories are in use" in printed.out
    assert (printed.code, is_noted) == (0, categories == 1)
    assert "\nweights" not in printed.out  # there are no boxes before the training


@pytest.mark.parametrize(
    ("options", "is_noted"),
    [(["data=iris"], True), (["data=iris", "data.scale=standard"], False), ([], False)],
)
def test_measurements_that_count_as_probabilities_are_noted(nnzoo_train, options, is_noted):
    printed = nnzoo_train("model=dbn", "trainer.max_epochs=0", "figures=none", *options)
    is_found = "note: most values are neither 0 nor 1 and count as" in printed.out
    assert (printed.code, is_found) == (0, is_noted)
