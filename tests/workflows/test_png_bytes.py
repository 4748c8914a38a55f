"""PNG as other readers read it: every pixel as it was given."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from PySide6.QtGui import QImage

from workstation.workflows import png_bytes

pictures = st.tuples(st.integers(1, 7), st.integers(1, 7)).flatmap(
    lambda size: arrays.arrays(np.uint8, (*size, 3), elements=st.integers(0, 255))
)


@given(pictures, st.integers(1, 3))
def test_two_readers_read_the_pixels_that_were_written(pixels: np.ndarray, scale: int) -> None:
    large = pixels.repeat(scale, 0).repeat(scale, 1)
    data = png_bytes.encode(large)
    with Image.open(BytesIO(data)) as image:
        assert image.mode == "RGB" and (np.asarray(image) == large).all()
    qt = QImage.fromData(data, "PNG").convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(qt.constBits(), np.uint8).reshape(qt.height(), qt.bytesPerLine())
    assert (rows[:, : qt.width() * 3].reshape(large.shape) == large).all()
