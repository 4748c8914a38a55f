"""Adjudicating readings whose truth is known: a judge who decides for the truth gives the truth back, and undo all of
it nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.core import decision, edits
from workstation.core.disagreement import Difference, Disagreement, compare
from workstation.core.edits import Edit, Session, Step
from workstation.core.lesion import Label, Lesion, Origin, Progress, Reading, ReadingKey, Roi, Verdict
from workstation.core.scan import View
from workstation.workflows.simulated_readers import Fault, Spoilt, spoil

JUDGED = Session(Reading(ReadingKey("S1", "adjudicated")))


def lesion(name: str, row: int, column: int, size: int = 7, label: Label | None = Label.MALIGNANT) -> Lesion:
    roi = Roi.from_mask(np.ones((size, size), bool), row, column)
    assert roi is not None
    return Lesion(name, {View.ANTERIOR: roi}, label, region="rib", roi_origin=Origin.HAND)


def reading(reader: str, *lesions: Lesion, **verdict) -> Reading:
    return Reading(ReadingKey("S1", reader), {one.id: one for one in lesions}, Verdict(**verdict))


@st.composite
def truths(draw) -> Reading:
    """Lesions far enough from each other that none can be taken for its neighbour."""
    labels = draw(st.lists(st.sampled_from([Label.MALIGNANT, Label.BENIGN, Label.UNCERTAIN]), max_size=8))
    sizes = [draw(st.integers(3, 14)) for _ in labels]
    made = [lesion(f"T{n}", 30 + 60 * n, 40, sizes[n], label) for n, label in enumerate(labels)]
    return reading("truth", *made, grade=draw(st.sampled_from([None, 0, 1, 2, 3])), diffuse=draw(st.booleans()))


def content(of: Reading) -> list[tuple]:
    return sorted(((tuple(one.rois.items()), str(one.label)) for one in of.lesions.values()), key=str)


def right(spoilt: Spoilt, truth: Reading, about: Disagreement) -> int:
    """The reader who is right, worked out from the faults that were made and not from what the program compares."""
    if about.group is None:
        return next(n for n, one in enumerate(spoilt.readings) if one.verdict.grade == truth.verdict.grade)
    who, _ = spoilt.faults[about.group.present[0].id[:-1]]
    return next(n for n in range(len(spoilt.readings)) if n != who)


def push(session: Session, edit: Edit) -> Session:
    return session.after(Step("edit", Edit.from_json(edit.to_json())))  # as the store keeps it


@settings(deadline=None)  # the first match loads scipy
@given(truths(), st.integers(0, 10_000), st.sampled_from([("anna", "ben"), ("ben", "anna", "carl")]))
def test_a_judge_who_knows_the_truth_gives_it_back(truth, seed, readers):
    spoilt = spoil(truth, seed, readers, share=0.6)
    compared = compare(spoilt.readings)
    kinds = {Fault.MISSED: Difference.MISSING, Fault.FLIPPED: Difference.LABEL, Fault.SHIFTED: Difference.OUTLINE}
    asked = {one.group.present[0].id[:-1]: one.differences for one in compared.disagreements if one.group}
    assert asked == {name: (kinds[fault],) for name, (_, fault) in spoilt.faults.items()}

    session, steps = JUDGED, 0
    while left := decision.still_open(compared, session):
        taken = right(spoilt, truth, left[0])
        session = push(session, decision.take("Take", compared, session, left[0], [taken]))
        steps += 1
    if not compared.disagreements:
        session, steps = push(session, decision.take_over("Take over", compared, session)), 1
    assert decision.take_over("Take over", compared, session) is None
    assert steps == max(len(compared.disagreements), 1)
    assert content(session.reading) == content(truth)
    verdict = session.reading.verdict
    assert (verdict.grade, verdict.diffuse, verdict.progress) == (
        truth.verdict.grade, truth.verdict.diffuse, Progress.REVIEWED,
    )  # fmt: skip

    whole = session
    while session.done:
        session = session.after(Step("undo", session.done[-1]))
    assert session.reading == JUDGED.reading and decision.still_open(compared, session) == compared.disagreements
    while session.undone:
        session = session.after(Step("redo", session.undone[-1]))
    assert session.reading == whole.reading


@settings(deadline=None)  # the first match loads scipy
@given(truths(), st.integers(0, 10_000), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=12))
def test_a_decision_taken_again_leaves_only_the_last(truth, seed, moves):
    """Whatever was decided before, the adjudicated reading is what the last decision on each lesion says."""
    spoilt = spoil(truth, seed, share=0.7)
    compared = compare(spoilt.readings)
    session, last = JUDGED, {}
    for at, choice in moves:
        if not compared.disagreements:
            break
        about = compared.disagreements[at % len(compared.disagreements)]
        who = [[0], [1], [0, 1], []][choice] if about.group else [choice % 2]
        session = push(session, decision.take("Take", compared, session, about, who))
        last[about.key] = (about, who)
    straight = JUDGED
    for about, who in last.values():
        straight = push(straight, decision.take("Take", compared, straight, about, who))
    assert content(session.reading) == content(straight.reading)
    assert session.reading.verdict == straight.reading.verdict


def test_what_is_agreed_has_the_outline_a_reader_drew():
    wide, middle, narrow = (lesion(name, 50, 50, size) for name, size in (("w", 10), ("m", 9), ("n", 8)))
    three = compare([reading("anna", wide), reading("ben", middle), reading("carl", narrow)])
    assert not three.disagreements and three.agreed[0].lesion == middle  # the most like the others
    two = compare([reading("anna", wide), reading("ben", narrow)])
    assert two.agreed[0].lesion == wide  # between two, the first reader's


def test_the_same_ids_of_two_readers_stay_apart():
    one, other = reading("anna", lesion("L1", 10, 10)), reading("ben", lesion("L1", 200, 10))
    compared = compare([one, other])
    session = JUDGED
    for about, who in zip(compared.disagreements, (0, 1), strict=True):
        session = push(session, decision.take("Take", compared, session, about, [who]))
    assert sorted(session.reading.lesions) == ["L1-1", "L1-2"]
    turned = compare([other, one])  # shown in the other order, the decisions still hold
    assert not decision.still_open(turned, session)


def test_both_is_one_outline_where_they_touch_and_two_lesions_where_not():
    about = compare([reading("anna", lesion("a", 10, 10)), reading("ben", lesion("b", 14, 10))])
    joined = decision.take("Both", about, JUDGED, about.disagreements[0], [0, 1])
    (made,) = push(JUDGED, joined).reading.lesions.values()
    assert made.label is Label.MALIGNANT and made.rois[View.ANTERIOR].pixels == 7 * 11
    other = compare([reading("anna", lesion("a", 10, 10)), reading("ben", lesion("b", 14, 10, label=Label.BENIGN))])
    (made,) = push(
        JUDGED, decision.take("Both", other, JUDGED, other.disagreements[0], [0, 1])
    ).reading.lesions.values()
    assert made.label is None  # a union of two minds has no label until it is given one
    far = compare([reading("anna", lesion("a", 10, 10, 3)), reading("ben", lesion("b", 14, 10, 3))])
    assert far.disagreements[0].differences == (Difference.OUTLINE,)
    assert len(push(JUDGED, decision.take("Both", far, JUDGED, far.disagreements[0], [0, 1])).reading.lesions) == 2


def test_an_outline_of_ones_own_decides_where_it_lies_and_nowhere_else():
    compared = compare([reading("anna", lesion("a", 10, 10)), reading("ben", grade=2)])
    about = compared.disagreements[0]
    elsewhere = edits.add("Add lesion", lesion("x", 300, 100))
    assert decision.own(elsewhere, compared, JUDGED, about) == elsewhere
    here = decision.own(edits.add("Add lesion", lesion("mine", 13, 10)), compared, JUDGED, about)
    session = push(JUDGED, here)
    assert list(session.reading.lesions) == ["mine"] and decision.settled(session) == {about.key}
    session = push(session, decision.take("Neither", compared, session, about, []))
    assert not session.reading.lesions  # one's own is what stood there for this decision
    grade = compared.disagreements[1]
    graded = decision.own(edits.judge("Grade 3", session.reading.verdict, grade=3), compared, session, grade)
    session = push(session, graded)
    assert session.reading.verdict == Verdict(grade=3, progress=Progress.REVIEWED)


def test_a_label_decides_with_the_outline_most_like_the_others():
    compared = compare([reading("anna", lesion("a", 10, 10)), reading("ben", lesion("b", 10, 10, label=Label.BENIGN))])
    edit = decision.call("Uncertain", compared, JUDGED, compared.disagreements[0], Label.UNCERTAIN)
    (made,) = push(JUDGED, edit).reading.lesions.values()
    assert made.id == "a" and made.label is Label.UNCERTAIN and made.label_origin is Origin.HAND


def after(reading_of: Reading, **lesions: Lesion | None) -> Reading:
    """The reading with lesions changed, added, or taken away."""
    now = {**reading_of.lesions, **lesions}
    return Reading(reading_of.key, {name: one for name, one in now.items() if one is not None}, reading_of.verdict)


def test_evidence_goes_with_the_criterion_that_rested_on_it():
    at = Lesion("L1", {View.ANTERIOR: Roi.from_mask(np.ones((7, 7), bool), 100, 100)}, Label.MALIGNANT,
                criterion="M1", evidence="CT", evidence_date="2024-03-05")  # fmt: skip
    other = lesion("L2", 100, 100, label=Label.BENIGN)
    compared = compare([reading("anna", at), reading("ben", other)])
    about = compared.disagreements[0]
    stands = {
        "Benign": decision.call("Call", compared, JUDGED, about, Label.BENIGN),
        "Malignant": decision.call("Call", compared, JUDGED, about, Label.MALIGNANT),
        "Both": decision.take("Take", compared, JUDGED, about, [0, 1]),
    }
    rests = {name: [(c.after.criterion, c.after.evidence, c.after.evidence_date) for c in edit.lesions]
             for name, edit in stands.items()}  # fmt: skip
    assert rests == {
        "Benign": [(None, None, None)], "Malignant": [("M1", "CT", "2024-03-05")], "Both": [(None, None, None)]
    }  # fmt: skip


def test_a_decision_is_asked_again_where_a_reader_changes_what_it_was_about():
    anna = reading("anna", lesion("a", 10, 10), lesion("a2", 200, 10, label=Label.BENIGN))
    ben = reading("ben", lesion("b", 10, 10, label=Label.BENIGN), lesion("b2", 200, 10))
    compared = compare([anna, ben])
    session = JUDGED
    for about in compared.disagreements:
        session = push(session, decision.take("Take A", compared, session, about, [0]))
    assert not decision.still_open(compared, session)
    assert not decision.still_open(compare([ben, anna]), session), "whoever comes first"

    def asked(*readings: Reading) -> list[str]:
        now = decision.reconsidered(compare(readings), session)
        left = decision.still_open(now, session)
        assert all(decision.reopened(about, session) for about in left)
        return [", ".join(sorted(one.id for one in about.group.present)) for about in left if about.group]

    uncertain = after(ben, b=lesion("b", 10, 10, label=Label.UNCERTAIN))
    assert asked(anna, uncertain) == ["a, b"], "only the one concerned"
    assert asked(anna, after(ben, b=lesion("b", 11, 10, label=Label.BENIGN))) == ["a, b"], "an outline counts as well"
    assert asked(anna, after(ben, b=lesion("b", 10, 10))) == ["a, b"], "also where they agree by now"
    assert asked(anna, after(ben, b=None)) == ["a"]
    assert asked(anna, after(ben, b=None, b3=lesion("b3", 10, 10))) == ["a, b3"]
    assert asked(anna, ben) == [], "and taken back, it holds again"
    elsewhere = decision.still_open(compare([anna, after(ben, new=lesion("new", 400, 10))]), session)
    assert len(elsewhere) == 1 and not decision.reopened(elsewhere[0], session), "what is new was never decided"

    now = decision.reconsidered(compare([anna, uncertain]), session)
    (about,) = decision.still_open(now, session)
    again = push(session, decision.take("Take B", now, session, about, [1]))
    assert not decision.still_open(now, again)
    assert {one.id: one.label for one in again.reading.lesions.values()} == {"b": Label.UNCERTAIN, "a2": Label.BENIGN}
    back = again.after(Step("undo", again.done[-1]))
    assert decision.still_open(now, back) == (about,) and back.reading == session.reading


def test_agreeing_at_last_replaces_what_was_decided_before():
    anna, ben = reading("anna", lesion("a", 10, 10)), reading("ben")
    compared = compare([anna, ben])
    session = push(JUDGED, decision.take("Neither", compared, JUDGED, compared.disagreements[0], []))
    assert not session.reading.lesions
    now = decision.reconsidered(compare([anna, after(ben, b=lesion("b", 10, 10))]), session)
    (about,) = decision.still_open(now, session)
    assert about.differences == () and not now.agreed
    session = push(session, decision.take("Take A", now, session, about, [0]))
    assert list(session.reading.lesions) == ["a"] and session.reading.verdict.progress is Progress.REVIEWED


def abandoned(session: Session, *readings: Reading) -> list[Disagreement]:
    now = decision.reconsidered(compare(readings), session)
    assert all(about in now.disagreements for about in decision.still_open(now, session))
    return [about for about in now.disagreements if about.abandoned]


def test_what_was_decided_and_nobody_marks_any_more_is_asked():
    anna, ben = reading("anna", lesion("a", 10, 10), lesion("c", 200, 10)), reading("ben", lesion("d", 200, 10))
    first = compare([anna, ben])
    session = push(JUDGED, decision.take("Take A", first, JUDGED, first.disagreements[0], [0]))
    added = lesion("mine", 400, 10)  # of the adjudicator's own accord: nobody else need mark it
    session = push(session, edits.add("Add", added))
    assert set(session.reading.lesions) == {"a", "c", "mine"} and not abandoned(session, anna, ben)

    none = reading("anna"), reading("ben")
    now = decision.reconsidered(compare(none), session)
    decided, agreed = decision.still_open(now, session)
    assert [about.abandoned.id for about in (decided, agreed)] == ["a", "c"], "decided, and carried along as agreed"
    assert {about.differences for about in (decided, agreed)} == {(Difference.ABANDONED,)}
    assert decision.take_over("Take over", now, session) is None and decision.look_again("Look", now, session) is None

    away = push(session, decision.take("Away", now, session, decided, []))
    assert set(away.reading.lesions) == {"c", "mine"} and decision.still_open(now, away) == (agreed,)
    both = push(away, decision.take("Keep", now, away, agreed, [0, 1]))
    assert set(both.reading.lesions) == {"c", "mine"} and not decision.still_open(now, both)
    assert [about.abandoned.id for about in abandoned(both, *none)] == ["c"], "kept is decided, and can be changed"
    assert decision.still_open(decision.reconsidered(compare(none), both), both) == ()
    back = push(both, decision.take("Keep", now, both, decided, [0, 1]))
    assert set(back.reading.lesions) == {"a", "c", "mine"} and back.reading.lesions["a"] == decided.abandoned
    undone = away.after(Step("undo", away.done[-1]))
    assert decision.still_open(now, undone) == (decided, agreed)


def test_what_is_marked_there_again_is_no_longer_abandoned():
    anna, ben = reading("anna", lesion("a", 10, 10)), reading("ben")
    first = compare([anna, ben])
    session = push(JUDGED, decision.take("Take A", first, JUDGED, first.disagreements[0], [0]))
    assert abandoned(session, reading("anna"), ben)
    assert not abandoned(session, reading("anna", lesion("new", 12, 12)), ben)
    assert not abandoned(session, reading("anna", lesion("a", 100, 10)), ben), "moved: that question is open again"


def test_a_tool_decides_what_nobody_marks():
    anna, ben = reading("anna", lesion("a", 10, 10)), reading("ben")
    first = compare([anna, ben])
    session = push(JUDGED, decision.take("Take A", first, JUDGED, first.disagreements[0], [0]))
    now = decision.reconsidered(compare([reading("anna"), ben]), session)
    (about,) = decision.still_open(now, session)
    elsewhere = edits.add("Add", lesion("b", 300, 10))
    graded = edits.judge("Grade", session.reading.verdict, grade=2)
    assert [decision.own(edit, now, session, about) for edit in (elsewhere, graded)] == [elsewhere, graded]
    for edit in (edits.delete("Delete", session.reading.lesions["a"]),
                 edits.change("Label", session.reading.lesions["a"], label=Label.BENIGN)):  # fmt: skip
        assert not decision.still_open(now, push(session, decision.own(edit, now, session, about)))


def test_a_decision_of_before_that_does_not_tell_what_was_seen_holds():
    anna, ben = reading("anna", lesion("a", 10, 10)), reading("ben")
    compared = compare([anna, ben])
    edit = decision.take("Take A", compared, JUDGED, compared.disagreements[0], [0])
    row = edit.to_json()
    assert row.pop("seen")
    session = push(JUDGED, Edit.from_json(row))
    assert not decision.still_open(compare([after(anna, a=lesion("a", 12, 10)), ben]), session)


def test_whether_a_scan_is_excluded_is_asked_first_and_may_be_all_that_is_asked():
    anna = reading("anna", lesion("a", 10, 10), grade=2, progress=Progress.DONE)
    ben = reading("ben", progress=Progress.EXCLUDED, reason="injection")
    compared = compare([anna, ben])
    (about,) = compared.disagreements
    assert about.differences == (Difference.EXCLUDED,) and compared.excluding == {1}
    out = push(JUDGED, decision.take("Take B", compared, JUDGED, about, [1]))
    assert out.reading.verdict == Verdict(progress=Progress.EXCLUDED, reason="injection") and not out.reading.lesions
    kept = push(JUDGED, decision.take("Take A", compared, JUDGED, about, [0]))
    assert kept.reading.verdict == Verdict(grade=2, progress=Progress.REVIEWED) and list(kept.reading.lesions) == ["a"]
    turned = push(out, decision.take("Take A", compared, out, about, [0]))
    assert turned.reading == kept.reading, "decided again, only the last decision stays"

    carl = reading("carl", lesion("c", 10, 10, label=Label.BENIGN), grade=1, progress=Progress.DONE)
    three = compare([anna, ben, carl])
    kinds = [one.differences for one in three.disagreements]
    assert kinds == [(Difference.EXCLUDED,), (Difference.LABEL,), (Difference.GRADE,)], "ben misses nothing"
    out = push(JUDGED, decision.take("Take B", three, JUDGED, three.disagreements[0], [1]))
    assert not decision.still_open(three, out), "nothing more is read of an excluded scan"
    kept = push(JUDGED, decision.take("Take A", three, JUDGED, three.disagreements[0], [0]))
    assert [one.differences for one in decision.still_open(three, kept)] == kinds[1:]
    assert kept.reading.verdict.progress is Progress.NEW
    back = out.after(Step("undo", out.done[-1]))
    assert decision.still_open(three, back) == three.disagreements
    both = compare([reading("anna", progress=Progress.EXCLUDED), ben])
    assert not both.disagreements, "the reasons of two who exclude it are no question"


def test_excluding_by_key_decides_and_a_grade_does_not():
    anna = reading("anna", grade=2, progress=Progress.DONE)
    compared = compare([anna, reading("ben", progress=Progress.EXCLUDED, reason="quality")])
    about = compared.disagreements[0]
    graded = edits.judge("Grade 3", JUDGED.reading.verdict, grade=3)
    assert decision.own(graded, compared, JUDGED, about) == graded
    key = edits.judge("Exclude", JUDGED.reading.verdict, progress=Progress.EXCLUDED, reason="bone tumour")
    session = push(JUDGED, decision.own(key, compared, JUDGED, about))
    assert decision.holds(about, session) and session.reading.verdict.reason == "bone tumour"


def test_another_threshold_later_doubles_nothing():
    """What was agreed under one threshold and is in question under another stands once."""
    one = reading("anna", lesion("a", 10, 10), lesion("c", 200, 10))
    other = reading("ben", lesion("b", 12, 10))
    lax, strict = compare([one, other], 0.5), compare([one, other], 0.9)
    session = push(JUDGED, decision.take("Take", lax, JUDGED, lax.disagreements[0], [0]))
    assert sorted(session.reading.lesions) == ["a", "c"]
    about = decision.still_open(strict, session)[0]
    session = push(session, decision.take("Take", strict, session, about, [1]))
    assert sorted(session.reading.lesions) == ["b", "c"]


@pytest.mark.parametrize("seed", range(3))
def test_decisions_name_what_they_decide_and_plain_edits_do_not(seed):
    plain = edits.add("Add lesion", lesion("a", 10, 10))
    assert "decides" not in plain.to_json() and plain.inverse.inverse == plain
    decided = Edit("Take", plain.lesions, None, f"key {seed}")
    assert Edit.from_json(decided.to_json()) == decided and decided.inverse.decides == f"key {seed}"
