"""Tables in files: what is read, what is refused, and the notes about it."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnzoo.data import Table
from nnzoo.errors import InputError

XY = "x,y,kind\n1.5,2,a\n2.5,1,b\n0.5,3,a\n"


def table(tmp_path: Path, content: str | bytes, target=None, name: str = "t.csv", **options):
    """Return a table of a file with this content."""
    file = tmp_path / name
    data = content if isinstance(content, bytes) else content.encode()
    file.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return Table(str(file), target, **options)


def refused(tmp_path, content, target=None, **options) -> str:
    """Return the one-line error for a file."""
    with pytest.raises(InputError) as error:
        _ = table(tmp_path, content, target, **options).points
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "options"),
    [
        (XY, {}),
        ("\ufeff" + XY, {}),
        (XY.replace("\n", "\r\n"), {}),
        (XY.replace(",", ";"), {}),
        (XY.replace(",", "\t"), {}),
        (XY.replace(",", "|"), {}),
        (XY.replace(",", "  "), {}),
        (XY.replace(",", ";").replace(".", ","), {}),
        ("sep=;\n" + XY.replace(",", ";"), {}),
        ("# made by hand\n" + XY.replace("2.5", "# half\n2.5"), {}),
        (XY.replace("x,", '"x",'), {}),
        (XY.replace("\n", ",\n"), {}),
        ("x y kind\n" + "".join(f"{r.replace(',', ' ')}\n" for r in XY.split()[1:]), {}),
        ("\n" + XY + "\n\n", {}),
        (XY.encode("utf-16"), {}),
        (XY.replace(",", "_"), {"separator": "_"}),
        (XY.encode("utf-32"), {"encoding": "utf-32"}),
    ],
)
def test_text_in_every_spelling_gives_the_same_points(tmp_path, content, options) -> None:
    points = table(tmp_path, content, "kind", **options).points
    assert points.x.tolist() == [[1.5, 2], [2.5, 1], [0.5, 3]]
    assert points.y.tolist() == [0, 1, 0]
    assert list(points.feature_names) == ["x", "y"]
    assert list(points.class_names) == ["a", "b"]


def test_other_formats_give_the_points_of_the_text(tmp_path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("openpyxl")
    wanted = table(tmp_path, XY, "kind").points
    frame = pd.read_csv(tmp_path / "t.csv")
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_feather(tmp_path / "t.feather")
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    np.savez(tmp_path / "t.npz", x=frame.x, y=frame.y, kind=frame.kind.to_numpy(dtype=str))
    table(tmp_path, XY, "kind", name="zipped.csv.gz")
    for name in ("t.parquet", "t.feather", "t.xlsx", "t.jsonl", "t.npz", "zipped.csv.gz"):
        points = Table(str(tmp_path / name), "kind").points
        assert points.x.tolist() == wanted.x.tolist(), name
        assert points.y.tolist() == wanted.y.tolist(), name
        assert list(points.class_names) == ["a", "b"], name


def test_an_array_of_two_dimensions_in_npz_has_a_column_for_each_of_its_own(tmp_path) -> None:
    np.savez(tmp_path / "t.npz", x=np.arange(6.0).reshape(3, 2), y=[0, 1, 0])
    data = Table(str(tmp_path / "t.npz"), "y")
    assert data.feature_names == ["x1", "x2"]
    assert data.class_names == ["0", "1"]


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["1_1", "11", "1_1"], ["11", "1_1"]),
        (["007", "07", "7"], ["007", "07", "7"]),
        (["true", "false", "true"], ["false", "true"]),
        (["2", "10", "2"], ["2", "10"]),
        (["1.0", "1", "0"], ["0", "1"]),
        (["None", "some", "None"], ["None", "some"]),
        (["_other", "cat", "_other"], ["_other", "cat"]),
        (["猫", "狗", "猫"], ["狗", "猫"]),
        (["1e1", "x", "1e1"], ["1e1", "x"]),
    ],
)
def test_a_label_is_its_own_spelling(tmp_path, cells, classes) -> None:
    rows = "".join(f"{i}.5,{cell}\n" for i, cell in enumerate(cells))
    assert table(tmp_path, "x,label\n" + rows, "label").class_names == classes


@pytest.mark.parametrize("spelling", ["", "NA", "nan", "NaN", "N/A", "null", "?"])
def test_a_missing_value_is_named_and_never_a_class(tmp_path, spelling) -> None:
    content = XY + f"1,1,{spelling}\n" + f"{spelling},1,b\n"
    text = refused(tmp_path, content, "kind")
    assert "x has no value in 1 of 5 rows (row 5), and 1 more column;" in text
    assert "data.missing=drop" in text
    data = table(tmp_path, content, "kind", missing="drop")
    assert len(data.points.x) == 3
    assert data.class_names == ["a", "b"]
    assert "2 rows without a value are left out (x, kind)" in data.notes
    one = table(tmp_path, XY + ",1,b\n", "kind", missing="drop")
    assert len(one.points.x) == 3
    assert "1 row without a value is left out (x)" in one.notes
    filled = table(tmp_path, content, "kind", missing="mean").points  # the target is not filled in
    assert filled.x[:, 0].tolist() == [1.5, 2.5, 0.5, 1.5]


def test_missing_values_are_filled_in_from_the_training_part_alone(tmp_path) -> None:
    rows = [(i, "a" if i % 3 else "b", i % 2) for i in range(40)]
    lines = [f"{'' if i == 7 else i},{'' if i == 8 else text},{y}" for i, text, y in rows]
    content = "number,text,y\n" + "\n".join(lines)
    data = table(tmp_path, content, "y", missing="mean", val_fraction=0.25, seed=1)
    train = data.split(40, data.points.y)[0]
    assert 7 in train or 8 in train
    known = [float(i) for i in train if i != 7]
    assert float(data.points.x[7, 0]) == pytest.approx(sum(known) / len(known))
    assert data.points.x[8].tolist() == [8, 1, 0]  # text=a is the most frequent
    often = table(tmp_path, "n,y\n1,0\n1,1\n5,0\n,1\n", "y", missing="most_frequent")
    assert often.points.x.flatten().tolist() == [1, 1, 5, 1]


@pytest.mark.parametrize(
    ("content", "names", "points"),
    [
        ("0,1,2\n.1,.2,.3\n.4,.5,.6\n", ["0", "1", "2"], 2),
        ("land,1990,1991\na,1.5,2.5\nb,3.5,4.5\n", ["land=a", "land=b", "1990", "1991"], 2),
        ("1990,1991\n1.5,2.5\n3.5,4.5\n", ["1990", "1991"], 2),
        ("5.1,3.5\n4.9,3.0\n", ["x1", "x2"], 2),
        ("a,b\n1,2\n", ["a", "b"], 1),
        ("kind\na\nb\na\n", ["kind=a", "kind=b"], 3),
    ],
)
def test_the_header_is_decided_on_the_types_of_all_columns(
    tmp_path, content, names, points
) -> None:
    data = table(tmp_path, content)
    assert data.feature_names == names
    assert len(data.points.x) == points


def test_an_ambiguous_first_row_is_refused(tmp_path) -> None:
    content = "0,1,2\n1,1,0\n1,0,1\n"
    assert "data.header=row or data.header=none" in refused(tmp_path, content)
    assert len(table(tmp_path, content, header="none").points.x) == 3
    assert len(table(tmp_path, content, header="row").points.x) == 2
    assert "row 1" in refused(tmp_path, "?,0.3,0\n5.8,0.8,1\n")


def test_row_numbers_without_a_name_are_left_out_and_named_ones_noted(tmp_path) -> None:
    pandas_style = ",x,kind\n0,.5,a\n1,.7,b\n2,.3,a\n"
    r_style = '"x" "kind"\n"1" .5 "a"\n"2" .7 "b"\n"3" .3 "a"\n'
    for content in (pandas_style, pandas_style.replace(",x", "Unnamed: 0,x", 1), r_style):
        data = table(tmp_path, content, "kind")
        assert data.feature_names == ["x"]
        assert any("counts the rows" in note for note in data.notes)
    data = table(tmp_path, pandas_style.replace(",x", "id,x", 1), "kind")
    assert data.feature_names == ["id", "x"]
    assert "the column id counts the rows; data.drop=[id] leaves it out" in data.notes
    data = table(tmp_path, pandas_style.replace(",x", "id,x", 1), "kind", drop=["id"])
    assert not any("counts the rows" in note for note in data.notes)


def test_truth_values_are_numbers_and_text_of_few_values_is_one_hot(tmp_path) -> None:
    content = "big,colour,y\nTrue,red,1.5\nFalse,blue,2.5\nTrue,red,3.5\n"
    data = table(tmp_path, content, "y")
    assert data.feature_names == ["big", "colour=blue", "colour=red"]
    assert data.points.x.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert any("colour (2 values)" in note for note in data.notes)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([f"2026-01-{i:02}" for i in range(1, 31)], "holds dates such as 2026-01-01"),
        ([f"person {i}" for i in range(30)], "text with 30 different values"),
        ([f"{i}%" for i in range(30)], "'0%' is not a plain one"),
        ([f"$1,{i:03}" for i in range(30)], "'$1,000' is not a plain one"),
        ([f"{i}.5" for i in range(29)] + ["1O"], "row 30, column c: '1O' is not a number"),
        ([f"{i}.5" for i in range(29)] + ["inf"], "row 30, column c: 'inf' is not a number"),
        ([f"0{i}" for i in range(30)], "text with 30 different values"),
    ],
)
def test_a_feature_that_is_no_number_is_refused_by_name(tmp_path, cells, reason) -> None:
    rows = "".join(f'"{cell}",{i}.5\n' for i, cell in enumerate(cells))
    text = refused(tmp_path, "c,x\n" + rows)
    assert reason in text
    assert "data.drop=[c]" in text
    assert table(tmp_path, "c,x\n" + rows, drop=["c"]).feature_names == ["x"]


def test_an_ambiguous_comma_is_refused(tmp_path) -> None:
    content = 'x,y\n"123,456",1\n"200,100",2\n'
    assert "data.decimal=','" in refused(tmp_path, content)
    assert table(tmp_path, content, decimal=",").points.x[0].tolist() == [123.456, 1]


def test_numbers_keep_their_digits_and_a_huge_one_is_named(tmp_path) -> None:
    data = table(tmp_path, "t,y\n1767225600,0\n1767225615,1\n1767225630,0\n", "y")
    assert data.points.x.flatten().diff().tolist() == [15, 15]
    assert "row 2, column x: 1e39" in refused(tmp_path, "x,y\n1,2\n1e39,3\n")
    large = "x,id\n1,9007199254740993\n2,9007199254740992\n3,1\n"
    assert "too large to be told apart" in refused(tmp_path, large, "id")


def test_a_target_of_too_many_classes_is_refused(tmp_path) -> None:
    rows = "".join(f"{i}.5,{i},n{i}\n" for i in range(60))
    content = "x,age,name\n" + rows
    assert "data.target=[age]" in refused(tmp_path, content, "age", drop=["name"])
    assert "too many for classes" in refused(tmp_path, content, "name", drop=["age"])
    data = table(tmp_path, content, ["age"], features=["x"])
    assert data.target_names == ["age"]
    assert "row 1, column kind: 'a' is not a number" in refused(tmp_path, XY, ["kind"])
    assert table(tmp_path, XY, "x", drop=["kind"]).target_names == ["x"]


@pytest.mark.parametrize(
    ("content", "options", "reason"),
    [
        ("", {}, "is empty"),
        ("\n\n", {}, "is empty"),
        (",\n", {}, "is empty"),
        ("a,b\n", {}, "has a header but no rows"),
        ("a,a\n1,2\n", {}, "two columns with the same name: a"),
        ("a,b,c\n1,2,3\n1,2\n", {}, "line 3: expected 3 values, got 2"),
        ("a,b,c\n1,2,3\n1,2,3,4\n", {}, "line 3: expected 3 values, got 4"),
        ('a,b\n1,"2\n3,4\n', {}, "a quotation mark is opened and not closed"),
        ("größe\n1\n".encode("cp1252"), {}, "data.encoding=cp1252"),
        ("größe\n1\n".encode("utf-16-le"), {}, "data.encoding="),
        (XY, {"encoding": "klingon"}, "data.encoding=klingon is unknown"),
        (XY, {"separator": "ab"}, "data.separator must be one character"),
        (XY, {"target": "kin"}, "did you mean 'kind'?"),
        (XY, {"drop": ["z"]}, "unknown column"),
        (XY, {"features": ["x", "z"]}, "unknown column"),
        (XY, {"target": ["x", "y", "kind"]}, "no column to learn from"),
        (b"PAR1", {"name": "t.parquet"}, "cannot read"),
        (b"no zip", {"name": "t.npz"}, "cannot read"),
        (b"{", {"name": "t.jsonl"}, "cannot read"),
    ],
)
def test_what_is_not_a_table_is_refused_in_one_line(tmp_path, content, options, reason) -> None:
    assert reason in refused(tmp_path, content, **options)


def test_a_folder_or_no_file_is_refused(tmp_path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match=r"it is a directory|no file"):
            _ = Table(str(path)).points


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("path", 3),
        ("features", [1]),
        ("drop", [""]),
        ("missing", "fill"),
        ("decimal", ";"),
        ("header", "yes"),
    ],
)
def test_an_impossible_option_is_refused(option, value) -> None:
    with pytest.raises(InputError, match=f"data.{option}"):
        Table(**{"path": "t.csv", option: value})


def test_categories_of_a_dataframe_are_labels() -> None:
    frame = pd.DataFrame({"x": [1, 2, 3], "kind": pd.Categorical(["7", "07", "7"])})
    assert Table(frame=frame, target="kind").class_names == ["07", "7"]
