"""Which view a frame shows: the rules, in order, as pure functions of what the header says about each frame."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from workstation.core.scan import How, View

# CID 26: SNOMED RT codes as cameras write them, and the SNOMED CT codes that replaced them.
_CODES = {
    "G-5215": View.ANTERIOR,
    "399321004": View.ANTERIOR,
    "G-5216": View.POSTERIOR,
    "399001007": View.POSTERIOR,
}
_WORDS = {
    "ANT": View.ANTERIOR,
    "ANTERIOR": View.ANTERIOR,
    "POST": View.POSTERIOR,
    "POSTERIOR": View.POSTERIOR,
}
# "Post" also means "after": post therapy, post injection, post 3 h.
_AFTER = re.compile(
    r"\bPOST[\s_.-]*(?:(?:\d+\s*(?:H|HR|HRS|HOURS?|MIN|MINUTES?|D|DAYS?)\b)"
    r"|(?:INJ|INJECTION|THERAPY|THERAPIE|TREATMENT|TX|RX|OP|OPERATIVE|SURGERY|VOID|VOIDING|MICTION|CHEMO|RADIATION|RT|"
    r"CONTRAST|TRAUMA|TRAUMATIC)(?![A-Z]))",
)
_GE_SUFFIX = re.compile(r"_([EF])$")
_NEAR_DEGREES = 30.0


@dataclass(frozen=True)
class Code:
    """One item of a ViewCodeSequence."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class Hints:
    """What a header says about the view of one frame.

    detector: 1-based number. codes: of that detector's ViewCodeSequence.
    private_names: GE (0011,1012) then (0011,1030) for this frame. texts: ImageID, SeriesDescription, ProtocolName.
    start_angle: degrees, of that detector. facing_y: y of ImageOrientationPatient row x column, of that detector.
    """

    detector: int
    codes: tuple[Code, ...] = ()
    private_names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    start_angle: float | None = None
    facing_y: float | None = None


@dataclass(frozen=True)
class Told:
    """A frame's view and the rule that told it; both None when no rule could."""

    view: View | None
    how: How | None


def tell_views(frames: Sequence[Hints]) -> tuple[Told, ...]:
    """The view of each frame by the first rule that decides: code, text, start angle, orientation, assumed."""
    angles = _if_different([view_of_angle(frame.start_angle) for frame in frames])
    facings = _if_different([view_of_facing(frame.facing_y) for frame in frames])
    told: list[Told | None] = []
    for frame, angle, facing in zip(frames, angles, facings, strict=True):
        found = _by_words(frame)
        if found is None and angle is not None:
            found = Told(angle, How.START_ANGLE)
        if found is None and facing is not None:
            found = Told(facing, How.ORIENTATION)
        told.append(found)
    return tuple(found or _assumed(index, frames, told) for index, found in enumerate(told))


def doubles(told: Sequence[Told]) -> bool:
    """Whether a person must choose: two frames show one view, or a frame's view is unknown."""
    views = [item.view for item in told]
    return None in views or len(set(views)) < len(views)


def view_of_code(code: Code) -> View | None:
    """By code value, or by a meaning that is the view's name; an operator's own scheme (99...) has free text there."""
    if code.value.strip() in _CODES:
        return _CODES[code.value.strip()]
    if code.scheme.strip().upper().startswith("99"):
        return None
    return {"ANTERIOR": View.ANTERIOR, "POSTERIOR": View.POSTERIOR}.get(code.meaning.strip().upper())


def view_of_text(text: str) -> View | None:
    """By whole words (ANT, ANTERIOR, POST, POSTERIOR); text that names both views decides nothing."""
    plain = _AFTER.sub(" ", text.upper())
    found = {_WORDS[word] for word in re.split(r"[\W\d_]+", plain) if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def view_of_ge_name(name: str) -> View | None:
    """GE names its pictures "..._E" (anterior) and "..._F" (posterior); else by words."""
    suffix = _GE_SUFFIX.search(name.strip().upper())
    if suffix:
        return View.ANTERIOR if suffix[1] == "E" else View.POSTERIOR
    return view_of_text(name)


def view_of_angle(degrees: float | None) -> View | None:
    """A detector above the table (180) sees the front, one below it (0) the back of a patient lying supine."""
    if degrees is None:
        return None
    turned = degrees % 360.0
    if abs(turned - 180.0) <= _NEAR_DEGREES:
        return View.ANTERIOR
    return View.POSTERIOR if min(turned, 360.0 - turned) <= _NEAR_DEGREES else None


def view_of_facing(y: float | None) -> View | None:
    """The picture plane's normal in patient coordinates (y grows to the back): looking backwards is anterior."""
    if y is None or abs(y) < 0.5:
        return None
    return View.ANTERIOR if y > 0 else View.POSTERIOR


def _by_words(frame: Hints) -> Told | None:
    codes = {view for code in frame.codes if (view := view_of_code(code))}
    if len(codes) == 1:
        return Told(codes.pop(), How.VIEW_CODE)
    steps = (
        (How.TEXT, view_of_text, tuple(code.meaning for code in frame.codes)),
        (How.PRIVATE_NAME, view_of_ge_name, frame.private_names),
        # GE repeats its name in ImageID, where it survives programs that drop private elements.
        (How.TEXT, view_of_ge_name, frame.texts[:1]),
        (How.TEXT, view_of_text, frame.texts[1:]),
    )
    for how, rule, texts in steps:
        for text in texts:
            view = rule(text)
            if view is not None:
                return Told(view, how)
    return None


def _if_different(views: Sequence[View | None]) -> Sequence[View | None]:
    """The views where they tell frames apart; detectors that all say the same say nothing."""
    return views if len(set(views) - {None}) > 1 else [None] * len(views)


def _assumed(index: int, frames: Sequence[Hints], told: Sequence[Told | None]) -> Told:
    """The view the other frame of two has left over, else detector 1 anterior and detector 2 posterior."""
    if len(frames) == 2:
        other = told[1 - index]
        if other is not None and other.view is not None:
            return Told(other.view.other, How.ASSUMED)
    view = {1: View.ANTERIOR, 2: View.POSTERIOR}.get(frames[index].detector)
    return Told(view, How.ASSUMED if view else None)
