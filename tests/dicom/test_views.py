"""The rules that tell a view, each against the written rule, never against the code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.core.scan import How, View
from workstation.dicom.frames import DETECTOR, ENERGY_WINDOW, photopeak, places
from workstation.dicom.views import Code, Hints, Told, doubles, tell_views, view_of_ge_name, view_of_text

A, P = View.ANTERIOR, View.POSTERIOR
ANTERIOR, POSTERIOR = Code("G-5215", "SRT", "Anterior"), Code("G-5216", "SRT", "Posterior")


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("WB ANT", A),
        ("Whole body POST", P),
        ("ant", A),
        ("Posterior 256x1024", P),
        ("WB_ANT", A),
        ("ANT1", A),
        ("WB ANT/POST", None),
        ("ANTERIOR AND POSTERIOR", None),
        ("PLANTAR", None),
        ("IMPORTANT", None),
        ("ANTEROPOSTERIOR", None),
        ("POSTOP", None),
        ("WB POST THERAPY", None),
        ("POST-INJ 3H", None),
        ("POST 3 H", None),
        ("ANT POST THERAPY", A),
        ("", None),
    ],
)
def test_whole_words_decide(text: str, view: View | None) -> None:
    assert view_of_text(text) is view


@given(st.text(alphabet="abcdefghijklmnoqrsuvwxyz", min_size=1), st.sampled_from(["ant", "post"]))
def test_substrings_never_decide(letters: str, word: str) -> None:
    assert view_of_text(letters + word + letters) is None


@pytest.mark.parametrize(("name", "view"), [("WHOLE BODY_E", A), ("WHOLE BODY_F", P), ("BONE_EF", None), ("WB ANT", A)])
def test_ge_names(name: str, view: View | None) -> None:
    assert view_of_ge_name(name) is view


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        ([Hints(1, codes=(ANTERIOR,)), Hints(2, codes=(POSTERIOR,))], [(A, How.VIEW_CODE), (P, How.VIEW_CODE)]),
        ([Hints(1, codes=(Code("399001007", "SCT", ""),))], [(P, How.VIEW_CODE)]),
        ([Hints(1, codes=(Code("X", "SNM3", "Posterior"),))], [(P, How.VIEW_CODE)]),
        ([Hints(1, codes=(Code("X", "99NMG", "POST WB"),))], [(P, How.TEXT)]),
        # A code outweighs what text says; private names outweigh ImageID and descriptions.
        ([Hints(1, codes=(POSTERIOR,), private_names=("WB_E",), texts=("WB ANT",))], [(P, How.VIEW_CODE)]),
        ([Hints(1, private_names=("WB_F",), texts=("WB ANT", "", ""))], [(P, How.PRIVATE_NAME)]),
        ([Hints(1, texts=("", "WB POST", "ANT"))], [(P, How.TEXT)]),
        ([Hints(1, start_angle=0.0), Hints(2, start_angle=180.0)], [(P, How.START_ANGLE), (A, How.START_ANGLE)]),
        ([Hints(1, start_angle=358.0), Hints(2, start_angle=178.0)], [(P, How.START_ANGLE), (A, How.START_ANGLE)]),
        # Equal angles tell nothing.
        ([Hints(1, start_angle=0.0), Hints(2, start_angle=0.0)], [(A, How.ASSUMED), (P, How.ASSUMED)]),
        ([Hints(1, facing_y=-1.0), Hints(2, facing_y=1.0)], [(P, How.ORIENTATION), (A, How.ORIENTATION)]),
        ([Hints(1, facing_y=1.0), Hints(2, facing_y=1.0)], [(A, How.ASSUMED), (P, How.ASSUMED)]),
        ([Hints(2), Hints(1)], [(P, How.ASSUMED), (A, How.ASSUMED)]),
        # What the told frame leaves over.
        ([Hints(1, codes=(POSTERIOR,)), Hints(2)], [(P, How.VIEW_CODE), (A, How.ASSUMED)]),
        ([Hints(3)], [(None, None)]),
    ],
)
def test_the_first_rule_that_decides(frames: list[Hints], told: list[tuple[View | None, How | None]]) -> None:
    assert [(item.view, item.how) for item in tell_views(frames)] == told


def test_two_frames_of_one_view_or_an_unknown_one_ask() -> None:
    assert doubles([Told(A, How.TEXT), Told(A, How.TEXT)])
    assert doubles([Told(A, How.TEXT), Told(None, None)])
    assert not doubles([Told(A, How.TEXT), Told(P, How.TEXT)])
    assert not doubles([Told(P, How.TEXT)])


def test_the_last_vector_of_the_pointer_varies_fastest() -> None:
    sizes = {ENERGY_WINDOW: 2, DETECTOR: 2}
    by_detector = places(4, [ENERGY_WINDOW, DETECTOR], {}, sizes)
    assert [(place.window, place.detector) for place in by_detector] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    by_window = places(4, [DETECTOR, ENERGY_WINDOW], {}, sizes)
    assert [(place.window, place.detector) for place in by_window] == [(1, 1), (2, 1), (1, 2), (2, 2)]


def test_written_vectors_are_believed_and_one_frame_may_have_a_bare_number() -> None:
    assert [place.detector for place in places(2, [DETECTOR], {DETECTOR: [2, 1]}, {DETECTOR: 2})] == [2, 1]
    assert places(1, [], {DETECTOR: [2]}, {})[0].detector == 2


@pytest.mark.parametrize(
    ("windows", "present", "kept", "guessed"),
    [
        ([[(92, 124)], [(126, 155)]], [1, 2], 2, False),
        ([[(126, 155)], [(92, 124)]], [1, 2, 1, 2], 1, False),
        ([[(90, 170)], [(126, 155)]], [1, 2], 2, False),
        ([[(90, 110), (130, 150)]], [1], 1, False),
        ([], [1], 1, False),
        ([[(60, 90)]], [1], 1, True),
        ([], [1, 2], 1, True),
    ],
)
def test_the_photopeak_window_is_kept(
    windows: list[list[tuple[float, float]]], present: list[int], kept: int, guessed: bool
) -> None:
    number, warning = photopeak(windows, present)
    assert number == kept
    assert bool(warning) == guessed
