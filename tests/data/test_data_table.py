"""Tables as data: which targets are classes, what is standardized, the command."""

import pytest
import torch

import nnzoo
from nnzoo import InputError
from nnzoo.data import Table

CARS = "price,skill,bought\n1,0.5,yes\n0,0.25,no\n.5,1,yes\n"


@pytest.fixture
def written(tmp_path):
    def write(text, **options):
        path = tmp_path / "own.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Table(str(path), **options)

    return write


def test_text_is_a_class(written):
    data = written(CARS, target="bought")
    assert data.points.x.tolist() == [[1, 0.5], [0, 0.25], [0.5, 1]]
    assert data.points.x.dtype == torch.float64  # until they are scaled
    assert data.feature_names == ["price", "skill"]
    assert data.class_names == ["no", "yes"]
    assert data.points.y.tolist() == [1, 0, 1]
    assert data.points.y.dtype == torch.int64


def test_the_target_can_be_any_column(written):
    data = written("a,b,c\n1,x,2\n3,y,4\n", target="b")
    assert data.points.x.tolist() == [[1, 2], [3, 4]]
    assert data.feature_names == ["a", "c"]


def test_decimals_are_regression_targets(written):
    data = written("a,k\n1,10.5\n2,9\n", target="k")
    assert data.points.y.tolist() == [[10.5], [9]]
    assert (data.n_classes, data.n_targets, data.target_names) == (None, 1, ["k"])


def test_a_list_of_targets_is_numeric(written):
    data = written("a,k,l\n1,0,1\n2,1,1\n", target=["l", "k"])
    assert data.points.y.tolist() == [[1, 0], [1, 1]]
    assert data.target_names == ["l", "k"]
    assert nnzoo.create_model("perceptron", data).task == "multilabel"
    assert data.train.y.tolist() == data.raw[0].y.tolist()  # labels are not scaled


@pytest.mark.parametrize(
    "text",
    ["1,2\n3,4\n", "1;2\n3;4", "1\t2\r\n3\t4\r\n", "\n1,2\n\n3, 4\n", b"\xef\xbb\xbf1,2\n3,4"],
)
def test_without_a_header_every_line_is_a_point(written, text):
    data = written(text)
    assert data.points.x.tolist() == [[1, 2], [3, 4]]
    assert data.feature_names == ["x1", "x2"]
    assert data.points.y is None


def test_without_a_header_columns_are_numbered(written):
    data = written("1,2\n3,4\n", target="x2")
    assert data.class_names == ["2", "4"]


def test_quoted_names_and_a_byte_order_mark(written):
    data = written('\ufeff"price, in EUR",b\n1,2\n')
    assert data.feature_names == ["price, in EUR", "b"]


def test_a_file_without_a_header_can_contain_text(written):
    data = written("5.1,3.5,setosa\n4.9,3.0,setosa\n7.0,3.2,virginica\n", target="x3")
    assert data.feature_names == ["x1", "x2"]
    assert data.class_names == ["setosa", "virginica"]
    assert len(data.points.x) == 3


def test_column_names_can_be_numbers(written):
    data = written("2019,price\n1,2\n3,4\n", target="2019")
    assert data.feature_names == ["price"]
    assert data.class_names == ["1", "3"]


@pytest.mark.parametrize("target", [3, "", [], ["a", "a"], [3], {"a": 1}])
def test_invalid_targets(written, target):
    with pytest.raises(InputError, match=r"data\.target (must|repeats)"):
        written(CARS, target=target)


def test_no_file(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*none\.csv"):
        _ = Table(str(tmp_path / "none.csv")).points
    with pytest.raises(InputError, match=r"data=table data.path=FILE\.csv"):
        nnzoo.create_data("csv")
    with pytest.raises(InputError, match=r"data\.path must name a file.* 3"):
        nnzoo.create_data("csv", path=3)


def test_the_command_trains_on_a_table(nnzoo_train, tmp_path):
    (tmp_path / "cars.csv").write_text(CARS)
    command = ("model=perceptron", "data=csv", "data.path=cars.csv", "data.target=bought")
    printed = nnzoo_train(*command, "figures=none")
    assert (printed.code, printed.err) == (0, "")
    assert "3 points x 2 features, 2 classes" in printed.out
    printed = nnzoo_train(*command[:3], "data.target=nothing")
    assert (printed.code, printed.out) == (1, "")
    assert "cars.csv 'nothing'; known: bought, price, skill" in printed.err
