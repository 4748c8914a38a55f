"""Settings come back as they were kept; what is broken costs a default, never the start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.app import settings
from workstation.app.settings import Settings

PRINTABLE = st.text(max_size=20).filter(str.isprintable)


@given(st.sampled_from(["dark", "light"]), PRINTABLE, st.booleans(), st.floats(0.5, 40))
def test_round_trip(tmp_path_factory, theme, reader, inverted, radius):
    folder = tmp_path_factory.mktemp("home")
    kept = Settings(theme=theme, reader=reader, inverted=inverted, brush_radius=radius)
    settings.save(kept, folder)
    assert settings.load(folder) == kept


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "null", '{"theme": 3}', '{"unknown": 1}', "\x00\xff", "[" * 100_000),
        *('{"brush_radius": NaN}', '{"brush_radius": 1e999}', '{"brush_radius": -1.0}', '{"colormap": "gone"}'),
        *('{"window": "A"}', '{"reader": "\\ud800"}', '{"last_library": "\\u0000"}'),
    ],
)
def test_a_broken_file_gives_defaults(tmp_path, text):
    (tmp_path / "settings.json").write_text(text)
    assert settings.load(tmp_path) == Settings()


def test_other_settings_survive_one_of_the_wrong_type(tmp_path):
    (tmp_path / "settings.json").write_text('{"theme": 3, "reader": "anna"}')
    assert settings.load(tmp_path) == Settings(reader="anna")
