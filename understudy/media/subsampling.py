"""RGB pictures as 4:2:0 codes, in the matrix and range they will be tagged with, chroma where H.264 expects it.

Without being told, swscale takes BT.601 whatever the tag says and puts chroma between two columns, while readers of
H.264 take it to lie on every second one: colours would be off by up to 28 codes and shifted by half a pixel.
"""

import av
import numpy as np

from understudy.errors import FootageError
from understudy.media.film import FilmFormat

_FLAGS = "bicubic+accurate_rnd+full_chroma_int+bitexact"


class Subsampling:
    """Converts pictures of one size; height and width are made even by repeating the last row and column."""

    def __init__(self, shape: tuple[int, ...], *, like: FilmFormat) -> None:
        self._shape = shape
        self._padding = ((0, shape[0] % 2), (0, shape[1] % 2), (0, 0))
        self._time_base = like.time_base
        self.height, self.width = shape[0] + shape[0] % 2, shape[1] + shape[1] % 2
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        colors = f"out_color_matrix={like.matrix}:out_range={'pc' if like.is_full_range else 'tv'}:out_chroma_loc=left"
        rgb = av.VideoFormat("rgb24", self.width, self.height)
        self._graph.link_nodes(
            self._graph.add_buffer(width=self.width, height=self.height, format=rgb, time_base=like.time_base),
            self._graph.add("scale", f"flags={_FLAGS}:{colors}"),
            self._graph.add("format", "yuv420p"),
            self._graph.add("buffersink"),
        ).configure()

    def convert(self, picture: np.ndarray, *, stamp: int) -> av.VideoFrame:
        """`picture`, RGB uint8 (H, W, 3), as a yuv420p frame presented at `stamp` in units of the time base.

        Raises FootageError when it has another size than the first.
        """
        if picture.shape != self._shape:
            raise FootageError(
                f"a film has one size: the picture at {stamp} is {picture.shape[1]}x{picture.shape[0]}, the first one "
                f"{self._shape[1]}x{self._shape[0]}; stills of mixed sizes can be analysed but not made into a film"
            )
        even = np.pad(picture, self._padding, mode="edge") if any(map(any, self._padding)) else picture
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(even), "rgb24")
        frame.pts, frame.time_base = stamp, self._time_base
        self._graph.push(frame)
        converted = self._graph.pull()
        converted.pict_type = 0  # else the encoder is forced to the type it had in the source
        return converted
