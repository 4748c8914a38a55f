"""One person, however a computer composes the letters of the name: in people, queues and labels that come in."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from tests.made_scans import new_scan
from workstation.core.lesion import Label, Lesion, ReadingKey, Roi
from workstation.core.people import Person, Role, is_name
from workstation.core.scan import View
from workstation.store.library import Library
from workstation.workflows import labels, queueing
from workstation.workflows.errors import CallError, WorkflowError
from workstation.workflows.labels_given import Labels
from workstation.workflows.names import meant

APART, TOGETHER = (unicodedata.normalize(form, "Zo\u00eb M\u00fcller") for form in ("NFD", "NFC"))


def test_two_spellings_are_one_reader(clinical: Library) -> None:
    assert APART != TOGETHER
    clinical.add_scans([new_scan(0), new_scan(1)])
    plan = queueing.Plan("by import", blinded=True)
    team = queueing.Team(queueing.people(clinical, [f"{APART}=physician"]), False)
    queueing.make_all(clinical, team, clinical.ids(), plan, "rita")
    assert clinical.people() == (Person(TOGETHER, Role.PHYSICIAN),)
    assert clinical.open_queue(TOGETHER) is not None and clinical.open_queue(APART) is None
    (same,) = queueing.people(clinical, [APART])
    assert same == Person(TOGETHER, Role.PHYSICIAN)
    lesion = Lesion("L1", {View.ANTERIOR: Roi(400, 100, 1, 5, b"\xa8")}, Label.BENIGN)
    given = Labels("file", "S000", reader=APART, given=(lesion,))
    assert labels.bring_in_labels(clinical, "S000", given, "rita") == labels.Brought(1, 1)
    assert labels.bring_in_labels(clinical, "S000", replace(given, reader=TOGETHER), "rita") == labels.Brought()
    assert clinical.readings("S000") == [ReadingKey("S000", TOGETHER)]


def test_a_name_that_is_kept_already_stays_as_it_is(clinical: Library) -> None:
    clinical.tell_role(Person(APART, Role.ADJUDICATOR), "rita")
    assert meant(clinical, TOGETHER) == APART and meant(clinical, APART) == APART
    assert meant(clinical, "rita") == "rita"
    assert clinical.people() == (Person(APART, Role.ADJUDICATOR),)


def test_a_hidden_letter_is_named(clinical: Library) -> None:
    clinical.add_scans([new_scan(0)])
    name = "an\u200bn"
    assert not is_name(name)
    team = queueing.Team(queueing.people(clinical, [name]), False)
    with pytest.raises(CallError, match="all of which show"):
        queueing.make_all(clinical, team, clinical.ids(), queueing.Plan("by import"), "rita")
    two = queueing.Team(queueing.people(clinical, ["ann"]), False)
    with pytest.raises(WorkflowError, match="0 scans to read for one person"):
        queueing.make_all(clinical, two, [], queueing.Plan("by import"), "rita")
