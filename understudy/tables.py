"""The schema of every table that passes between stages, and the only way to read and write one.

Tables share the keys `clip, frame, face`, are sorted by them, and are the same bytes whenever their content is the
same. A row that was left out stays, with its reason; where a reason stands, absent numbers are NaN.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import TableError
from understudy.files import replacing

VERSION = "1"

Columns = Mapping[str, object]


def _points(number: int) -> pa.DataType:
    return pa.list_(pa.float32(), number)


def _schema(name: str, *fields: tuple[str, pa.DataType, str]) -> pa.Schema:
    described = [pa.field(field, kind, metadata={"description": text}) for field, kind, text in fields]
    return pa.schema(described, metadata={"table": name, "version": VERSION})


CLIP = ("clip", pa.string(), "footage by name, as in params.yaml")
FRAME = ("frame", pa.int32(), "index in a sequential decode, from 0")
FACE = ("face", pa.int16(), "index within the frame, from left to right; -1 where the frame has none")
REASON = ("reason", pa.string(), "why this row was left out; null when it was kept")
POINTS = (
    "points",
    _points(136),
    "68 landmarks (x0, y0, x1, ...) in source pixels, pixel centres at integers",
)
CROP_FROM_FRAME = (
    "crop_from_frame",
    _points(6),
    "2x3 similarity, row by row, from source pixels to pixels of the crop",
)
YAW = ("yaw_deg", pa.float32(), "turn of the head; positive: the nose points to the right of the picture")
PITCH = ("pitch_deg", pa.float32(), "nod of the head; positive: the nose points up")
ROLL = ("roll_deg", pa.float32(), "tilt of the head; positive: clockwise in the picture")
SPREAD = (
    "spread",
    pa.float32(),
    "standard deviation of the perturbed landmark fits / outer-eye distance; low is sure",
)
SHARPNESS = (
    "sharpness",
    pa.float32(),
    "variance of the Laplacian of a 128 px grey face; compare within a clip only",
)

FRAMES = _schema(
    "frames",
    CLIP,
    FRAME,
    (
        "pts",
        pa.int64(),
        "presentation time stamp in units of the metadata's time_base; null when the container has none",
    ),
    ("time_s", pa.float64(), "when the frame is presented, in seconds, edit lists and offsets respected"),
    ("duration_s", pa.float64(), "how long it is shown, in seconds"),
    ("is_keyframe", pa.bool_(), "whether decoding can start here"),
    ("width", pa.int32(), "pixels, after rotation"),
    ("height", pa.int32(), "pixels, after rotation"),
    ("rotation_deg", pa.int16(), "counter-clockwise rotation that was applied: 0, 90, 180 or 270"),
    ("scene", pa.int32(), "number of the shot within the clip, from 0; a cut begins a new one"),
    (
        "pixels_sha256",
        pa.string(),
        "hash of the decoded RGB pixels; null when the frame could not be decoded",
    ),
    REASON,
)
FACES = _schema(
    "faces",
    CLIP,
    FRAME,
    FACE,
    ("box_xyxy", _points(4), "left, top, right, bottom in source pixels, not clipped to the frame"),
    ("score", pa.float32(), "the detector's own scale"),
    ("search", pa.string(), "how it was found: track, full or upsampled"),
    ("track", pa.int32(), "the same face over time within one scene; -1 where the frame has none"),
    REASON,
)
LANDMARKS = _schema(
    "landmarks",
    CLIP,
    FRAME,
    FACE,
    ("track", pa.int32(), "as in faces"),
    POINTS,
    SPREAD,
    YAW,
    PITCH,
    ROLL,
    SHARPNESS,
    ("eye_distance_px", pa.float32(), "distance of the outer eye corners (36, 45) in source pixels"),
    ("inside", pa.float32(), "share of the 68 points that lie within the frame"),
    CROP_FROM_FRAME,
    REASON,
)
EMBEDDINGS = _schema(
    "embeddings",
    CLIP,
    FRAME,
    FACE,
    ("track", pa.int32(), "as in faces"),
    ("embedding", _points(128), "the recogniser's raw descriptor, never normalised; Euclidean distance"),
)
IDENTITIES = _schema(
    "identities",
    CLIP,
    FRAME,
    FACE,
    ("cluster", pa.int32(), "identity, numbered from the largest; -1 is noise"),
    ("probability", pa.float32(), "HDBSCAN's membership strength, 0-1"),
    ("outlier_score", pa.float32(), "GLOSH, 0-1; high is odd"),
    ("centroid_distance", pa.float32(), "distance to the centroid of its cluster"),
    ("step", pa.string(), "what settled it: hdbscan, single, merged, reassigned, noise, or track for the name alone"),
    ("person", pa.string(), "who it is by the reference pictures; null: nobody on record"),
    (
        "person_distance",
        pa.float32(),
        "distance of the cluster's centroid (step track: of the face) to that person's references",
    ),
)
CROPS = _schema(
    "crops",
    CLIP,
    FRAME,
    FACE,
    ("split", pa.string(), "train, validation or test; null when left out"),
    ("pixels", pa.binary(), "the aligned face, RGB PNG; null when left out"),
    ("mask", pa.binary(), "soft face mask, 8-bit grey PNG; null when left out"),
    CROP_FROM_FRAME,
    POINTS,
    YAW,
    PITCH,
    ROLL,
    SPREAD,
    SHARPNESS,
    REASON,
)
SWAPS = _schema(
    "swaps",
    CLIP,
    FRAME,
    FACE,
    ("patch", pa.binary(), "what the model painted, RGB PNG; null where nothing was painted"),
    ("alpha", pa.binary(), "where the model stands by it, 8-bit grey PNG; null where nothing was painted"),
    ("crop_from_frame", _points(6), "2x3 similarity, row by row, from source pixels to pixels of the patch"),
    POINTS,
    ("painted_points", _points(136), "where the landmarks of the painted face lie, in source pixels"),
    (
        "outline_from",
        pa.list_(pa.float32()),
        "control points (x, y, ...) on the frame's own outline; empty: unmoved",
    ),
    ("outline_to", pa.list_(pa.float32()), "where the composite moves them, in source pixels"),
    REASON,
)
# What is known of drawn footage; given beside it, not made by a stage.
TRUTH = _schema(
    "truth",
    CLIP,
    FRAME,
    YAW,
    PITCH,
    ROLL,
    ("mouth_opening", pa.float32(), "gap between the inner lips / outer-eye distance, from the true points"),
    ("eye_opening", pa.float32(), "mean gap between the lids / outer-eye distance, from the true points"),
    ("gaze_x", pa.float32(), "-1 to 1: 30 degrees to the right of the picture at 1"),
    ("gaze_y", pa.float32(), "-1 to 1: 22 degrees up at 1"),
    POINTS,
    ("true_swap_frame", pa.int32(), "index of this frame in the clip of the true swap; null where there is none"),
    ("drawn_sha256", pa.string(), "hash of the RGB pixels as they were drawn, before encoding"),
)
SCHEMAS = {
    "frames": FRAMES,
    "faces": FACES,
    "landmarks": LANDMARKS,
    "embeddings": EMBEDDINGS,
    "identities": IDENTITIES,
    "crops": CROPS,
    "swaps": SWAPS,
}


def make_table(schema: pa.Schema, columns: Columns, metadata: Mapping[str, str] | None = None) -> pa.Table:
    """A table of exactly `schema` from arrays or lists by column name; (N, k) arrays become fixed-size lists.

    `metadata` is added to the schema's own (back end, version, weights' SHA-256, ...).
    Raises ValueError when a column is missing, unknown or does not fit.
    """
    if set(columns) != set(schema.names):
        raise ValueError(f"columns {sorted(set(columns) ^ set(schema.names))} are missing or unknown")
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return pa.table(arrays, schema=schema.with_metadata({**(schema.metadata or {}), **_encoded(metadata or {})}))


def table_of_rows(
    schema: pa.Schema, rows: Sequence[Mapping[str, object]], metadata: Mapping[str, str] | None = None
) -> pa.Table:
    """A table of exactly `schema` from rows, each a map of column names to values; see make_table."""
    return make_table(schema, {name: [row[name] for row in rows] for name in schema.names}, metadata)


def join_tables(schema: pa.Schema, tables: Sequence[pa.Table], metadata: Mapping[str, str] | None = None) -> pa.Table:
    """A table of exactly `schema` from tables of it, one below the other; see make_table."""
    joined = pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in tables)])
    return joined.replace_schema_metadata({**(schema.metadata or {}), **_encoded(metadata or {})})


def write_table(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    """`table`, validated and sorted by its keys, as a Parquet file that replaces `path` whole."""
    keys = [(key, "ascending") for key in ("clip", "frame", "face") if key in schema.names]
    ordered = table.cast(schema.with_metadata(table.schema.metadata)).sort_by(keys).combine_chunks()
    with replacing(path) as temporary:
        pq.write_table(ordered, temporary, compression="zstd", row_group_size=4096, write_statistics=False)


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """The table at `path`, cast to `schema` (or to those `columns` of it), with its metadata.

    Raises TableError when the file is missing, corrupt, another table or of another version.
    """
    try:
        table = pq.read_table(path, columns=list(columns) if columns else None, memory_map=False, partitioning=None)
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such table; run the stage that makes it") from error
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path}: not a readable Parquet file; delete it and run again") from error
    _check_kind(path, table, schema)
    wanted = pa.schema([schema.field(name) for name in columns], table.schema.metadata) if columns else schema
    try:
        return table.cast(wanted.with_metadata(table.schema.metadata)).combine_chunks()
    except (pa.ArrowException, ValueError) as error:
        raise TableError(f"{path}: columns differ from table {_name(schema)}; run its stage again") from error


def metadata_of(table: pa.Table) -> dict[str, str]:
    """The table's metadata as text by key."""
    return {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}


def matrix(table: pa.Table, column: str) -> np.ndarray:
    """A fixed-size list column as a float32 array of shape (N, k)."""
    chunk = table.column(column).combine_chunks()
    width = table.schema.field(column).type.list_size
    return np.asarray(chunk.flatten().to_numpy(zero_copy_only=False), np.float32).reshape(-1, width)


def points_of(table: pa.Table, column: str = "points") -> np.ndarray:
    """A column of points as a float32 array of shape (N, k, 2)."""
    flat = matrix(table, column)
    return flat.reshape(len(flat), flat.shape[1] // 2, 2)


def affines_of(table: pa.Table, column: str = "crop_from_frame") -> np.ndarray:
    """A column of 2x3 transforms as a float32 array of shape (N, 2, 3)."""
    return matrix(table, column).reshape(-1, 2, 3)


def is_kept(table: pa.Table) -> np.ndarray:
    """A boolean array of shape (N,): true where the row has no reason to be left out."""
    return np.asarray(table.column("reason").combine_chunks().is_null().to_numpy(zero_copy_only=False))


def _array(values: object, kind: pa.DataType) -> pa.Array:
    if pa.types.is_fixed_size_list(kind):
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
        return pa.FixedSizeListArray.from_arrays(pa.array(flat), type=kind)
    return pa.array(values, type=kind)


def _check_kind(path: Path, table: pa.Table, schema: pa.Schema) -> None:
    found = metadata_of(table)
    expected = {"table": _name(schema), "version": VERSION}
    for key, value in expected.items():
        if found.get(key) != value:
            raise TableError(f"{path}: {key} {found.get(key)!r}, expected {value!r}; run its stage again")


def _name(schema: pa.Schema) -> str:
    return (schema.metadata or {})[b"table"].decode()


def _encoded(metadata: Mapping[str, str]) -> dict[bytes, bytes]:
    return {key.encode(): value.encode() for key, value in sorted(metadata.items())}
