"""Tables: one schema, one order, one set of bytes."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from understudy.errors import TableError
from understudy.tables import (
    EMBEDDINGS,
    FACES,
    SCHEMAS,
    is_kept,
    make_table,
    matrix,
    metadata_of,
    read_table,
    write_table,
)

VECTORS = np.arange(256, dtype=np.float32).reshape(2, 128)
COLUMNS = {"clip": ["bo", "ada"], "frame": [3, 5], "face": [0, 0], "track": [0, 0], "embedding": VECTORS}


def test_what_was_written_is_read_sorted_by_its_keys_with_its_metadata(tmp_path: Path):
    path = tmp_path / "e.parquet"
    write_table(path, make_table(EMBEDDINGS, COLUMNS, {"backend": "drawn"}), EMBEDDINGS)
    table = read_table(path, EMBEDDINGS)
    assert table.column("clip").to_pylist() == ["ada", "bo"]
    assert np.array_equal(matrix(table, "embedding"), VECTORS[::-1])
    assert metadata_of(table)["backend"] == "drawn"


def test_rows_in_another_order_give_the_same_bytes(tmp_path: Path):
    turned = {name: values[::-1] for name, values in COLUMNS.items()}
    for name, columns in (("one", COLUMNS), ("two", turned)):
        write_table(tmp_path / name, make_table(EMBEDDINGS, columns), EMBEDDINGS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_missing_or_unknown_column_is_refused():
    with pytest.raises(ValueError, match="vector"):
        make_table(EMBEDDINGS, {**COLUMNS, "vector": VECTORS})


def test_a_missing_file_says_which(tmp_path: Path):
    with pytest.raises(TableError, match=r"e\.parquet"):
        read_table(tmp_path / "e.parquet", EMBEDDINGS)


def test_a_corrupt_file_is_one_line(tmp_path: Path):
    (tmp_path / "e.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(TableError) as caught:
        read_table(tmp_path / "e.parquet", EMBEDDINGS)
    assert "\n" not in str(caught.value)


def test_another_table_is_refused(tmp_path: Path):
    write_table(tmp_path / "e.parquet", make_table(EMBEDDINGS, COLUMNS), EMBEDDINGS)
    with pytest.raises(TableError, match="expected 'faces'"):
        read_table(tmp_path / "e.parquet", FACES)


def test_a_table_without_our_metadata_is_refused(tmp_path: Path):
    pq.write_table(pa.table({"clip": ["ada"]}), tmp_path / "e.parquet")
    with pytest.raises(TableError):
        read_table(tmp_path / "e.parquet", EMBEDDINGS)


def test_rows_with_a_reason_are_not_kept():
    schema = pa.schema([pa.field("reason", pa.string())])
    assert is_kept(pa.table({"reason": [None, "no face found"]}, schema=schema)).tolist() == [True, False]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_says_what_it_holds(name: str):
    schema = SCHEMAS[name]
    assert schema.metadata[b"table"].decode() == name
    assert all((field.metadata or {}).get(b"description") for field in schema)
