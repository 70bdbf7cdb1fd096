from types import SimpleNamespace

import numpy as np

from understudy.scoring.case import performance_embeddings
from understudy.tables import EMBEDDINGS, make_table, write_table


def test_a_face_that_was_painted_but_never_described_has_no_descriptor(tmp_path):
    vectors = np.arange(2 * 128, dtype=np.float32).reshape(2, 128)
    keys = {"clip": ["bo", "bo"], "frame": [4, 6], "face": [0, 1], "track": [0, 0]}
    write_table(tmp_path / "bo.parquet", make_table(EMBEDDINGS, keys | {"embedding": vectors}), EMBEDDINGS)
    case = SimpleNamespace(name="bo.ada-for-bo", faces={4: 0, 5: 0, 6: 1})
    found = performance_embeddings(case, tmp_path)
    np.testing.assert_array_equal(found[[0, 2]], vectors)
    assert np.isnan(found[1]).all()
