"""The question put to a further person, and the keys that answer it; over the lesions while readers are adjudicated."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

import resources
from workstation.app import actions
from workstation.app.adjudication import LETTERS, Adjudication
from workstation.core.disagreement import Difference, Disagreement
from workstation.core.lesion import Lesion
from workstation.ui import reader_marks
from workstation.ui.icons import icon
from workstation.ui.tooltip import plain

Handler = Callable[[], object]


class AdjudicationPanel(QFrame):
    """Hidden while nothing is adjudicated."""

    def __init__(self, adjudication: Adjudication, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self._adjudication = adjudication
        self._count = QLabel(objectName="heading")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(self.tr("Disagreements decided"))
        self._asked = QLabel(objectName="strong")
        self._answer, self._left = QLabel(objectName="quiet"), QLabel(objectName="quiet")
        for label in (self._asked, self._answer, self._left):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._readers = [self._reader_button(n) for n in range(len(LETTERS))]
        self._all = self._button("all", adjudication.take_all)
        self._none = self._button("none", adjudication.take)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self._count, 1)
        head.addWidget(self._close_button())
        layout.addLayout(head)
        layout.addWidget(self._bar)
        layout.addWidget(self._asked)
        for button in self._readers:
            layout.addWidget(button)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._all, 1)
        row.addWidget(self._none, 1)
        layout.addLayout(row)
        layout.addWidget(self._answer)
        layout.addWidget(self._left)
        adjudication.changed.connect(self.refresh)
        self.refresh()

    def handlers(self, space: Handler, backspace: Handler) -> dict[str, Handler]:
        """What the keys do. space, backspace: what they do while nothing is adjudicated."""
        adjudication = self._adjudication

        def either(mine: Handler, other: Handler) -> Handler:
            return lambda: mine() if adjudication.active else other()

        return {
            "hand.next": either(adjudication.next, space),
            "hand.skip": either(adjudication.take, backspace),
            "adjudicate.begin": adjudication.toggle,
            "adjudicate.previous": adjudication.previous,
            "adjudicate.a": partial(adjudication.take, 0),
            "adjudicate.b": partial(adjudication.take, 1),
            "adjudicate.c": partial(adjudication.take, 2),
            "adjudicate.all": adjudication.take_all,
        }

    # Making

    def _reader_button(self, reader: int) -> QPushButton:
        button = QPushButton(objectName="reader")
        button.setIconSize(reader_marks.SAMPLE)
        button.setMinimumHeight(30)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # long words are elided
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCheckable(True)
        button.clicked.connect(lambda: self._press(partial(self._adjudication.take, reader)))
        return button

    def _button(self, name: str, take: Handler) -> QPushButton:
        button = QPushButton()
        button.setMinimumHeight(28)
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setCheckable(True)
        button.setObjectName(name)
        button.clicked.connect(lambda: self._press(take))
        return button

    def _close_button(self) -> QToolButton:
        button = QToolButton(objectName="tool")
        button.setIcon(icon("close"))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(self.tr("Back to your own reading ({0})").format(actions.find("adjudicate.begin").key))
        button.setAccessibleName(self.tr("Stop adjudicating"))
        button.clicked.connect(lambda: self._adjudication.toggle() if self._adjudication.active else None)
        return button

    def _press(self, take: Handler) -> None:
        take()
        self.refresh()  # what is checked follows the history, not the mouse

    # Showing

    def refresh(self) -> None:
        adjudication = self._adjudication
        self.setVisible(adjudication.active)
        if adjudication.comparison is None:
            return
        questions, left, about = adjudication.questions, adjudication.left, adjudication.current
        number = self.tr("{0} of {1}").format(adjudication.at + 1, len(questions)) if questions else ""
        self._count.setText(self.tr("ADJUDICATION  {0}").format(number))
        self._bar.setRange(0, max(len(questions), 1))
        self._bar.setValue(len(questions) - len(left) if questions else int(adjudication.finished))
        self._asked.setText(self._question(about))
        decided = adjudication.decided
        count, everybody = len(adjudication.comparison.readings), adjudication.everybody
        abandoned = about is not None and about.abandoned is not None
        for reader, button in enumerate(self._readers):
            button.setVisible(reader < count and about is not None and not abandoned)
            if reader < count and about is not None:
                self._fill_reader(button, reader, about)
        both = self.tr("Both") if len(everybody) == 2 else self.tr("All")
        words = (self.tr("Keep"), self.tr("Take away")) if abandoned else (both, self.tr("None"))
        named = (adjudication.keeping(True), adjudication.keeping(False))
        done = named if abandoned else (adjudication.taking(*everybody), adjudication.taking())
        self._fill_choice(self._all, words[0], "adjudicate.all", about, done[0])
        self._fill_choice(self._none, words[1], "hand.skip", about, done[1])
        self._answer.setText(self._what_next(about, decided))
        self._left.setText(self._around())

    def _fill_reader(self, button: QPushButton, reader: int, about: Disagreement) -> None:
        adjudication = self._adjudication
        key = actions.find(f"adjudicate.{'abc'[reader]}").key if reader < 3 else ""
        said = self._said(reader, about)
        button.setIcon(reader_marks.sample(LETTERS[reader], reader, button.devicePixelRatioF()))
        name = adjudication.name(reader)
        shown = f"{key}   {said}" if name == LETTERS[reader] else f"{key}   {name[3:]}: {said}"
        room = button.width() - reader_marks.SAMPLE.width() - 28
        words = button.fontMetrics().elidedText(shown, Qt.TextElideMode.ElideRight, max(room, 180))
        button.setText(words.replace("&", "&&"))  # a name's own sign, not the mark of a key
        button.setToolTip(plain(self.tr("Reader {0}: {1} ({2})").format(name, said, key)))
        button.setAccessibleName(self.tr("Take reader {0}: {1}").format(name, said))
        button.setChecked(adjudication.decided == adjudication.taking(reader))

    def _fill_choice(self, button: QPushButton, words: str, key: str, about: Disagreement | None, done: str) -> None:
        button.setText(f"{words}   {actions.find(key).key}")
        button.setVisible(about is not None and not (about.group is None and about.abandoned is None))
        button.setChecked(self._adjudication.decided == done)

    def _question(self, about: Disagreement | None) -> str:
        adjudication = self._adjudication
        assert adjudication.comparison is not None
        if about is None:
            return self.tr("The readers agree on everything.")
        words = [self.tr("Changed since it was decided")] if adjudication.reopened else []
        if not about.differences:
            words.append(self.tr("The readers agree by now"))
        for difference in about.differences:
            if difference is Difference.MISSING and about.group is not None:
                there = [LETTERS[n] for n, lesion in enumerate(about.group.lesions) if lesion is not None]
                words.append(self.tr("Only {0} has this lesion").format(self.tr(" and ").join(there)))
            elif difference is Difference.LABEL:
                words.append(self.tr("Labels differ"))
            elif difference is Difference.OUTLINE and about.group is not None:
                words.append(self.tr("Outlines differ (Dice {0:.2f})").format(about.group.dice))
            elif difference is Difference.GRADE:
                words.append(self.tr("Grades of the scan differ"))
            elif difference is Difference.DIFFUSE:
                words.append(self.tr("Diffuse disease: readers differ"))
            elif difference is Difference.ABANDONED:
                words.append(self.tr("Decided earlier; nobody marks it now"))
            elif difference is Difference.EXCLUDED:
                out = [LETTERS[n] for n in sorted(adjudication.comparison.excluding)]
                words.append(self.tr("Excluded by {0} only").format(self.tr(" and ").join(out)))
        return self.tr("; ").join(words)

    def _said(self, reader: int, about: Disagreement) -> str:
        """What a reader says of what is in question, in a few words."""
        comparison = self._adjudication.comparison
        assert comparison is not None
        verdict = comparison.readings[reader].verdict
        if about.differences == (Difference.EXCLUDED,):
            excluded = reader in comparison.excluding
            return self.tr("exclude it: {0}").format(verdict.reason) if excluded else self.tr("read it")
        if reader in comparison.excluding:
            return self.tr("excludes the scan")
        if about.differences == (Difference.GRADE,):
            return self.tr("not graded") if verdict.grade is None else self.tr("grade {0}").format(verdict.grade)
        if about.group is None:
            return self.tr("diffuse") if verdict.diffuse else self.tr("not diffuse")
        lesion = about.group.lesions[reader]
        return self.tr("nothing here") if lesion is None else self._words(lesion)

    def _words(self, lesion: Lesion) -> str:
        label = self.tr("no label") if lesion.label is None else str(lesion.label)
        parts = [label, lesion.criterion, self._place(lesion)]
        return ", ".join(part for part in parts if part)

    def _place(self, lesion: Lesion) -> str:
        return str(resources.table("vocab/regions").get(lesion.region or "", {}).get("name") or lesion.region or "")

    def _what_next(self, about: Disagreement | None, decided: str | None) -> str:
        if about is None:
            if self._adjudication.finished:
                return self.tr("Taken over. {0}: next scan.").format(actions.key("hand.next"))
            return self.tr("{0} takes the reading over and goes to the next scan.").format(actions.key("hand.next"))
        if decided is None:
            if about.differences == (Difference.EXCLUDED,):
                words = self.tr("Take one, or exclude it for a reason of your own ({0} to {1}).")
                return words.format(actions.key("case.exclude_injection"), actions.key("case.exclude_follow_up"))
            if about.abandoned is not None:
                return self.tr("Keep it, or take it away.")
            if about.group is None:
                words = self.tr("Take one, or give your own with {0} to {1} or {2}.")
                return words.format(*map(actions.key, ("case.grade_0", "case.grade_3", "case.diffuse")))
            return self.tr("Take one, label it with a digit, or draw your own.")
        if self._adjudication.unlabelled:
            words = self.tr("Decided: {0}. It has no label yet: give it with a digit. {1}: next.")
            return words.format(decided, actions.key("hand.next"))
        if self._adjudication.left:
            return self.tr("Decided: {0}. The tools change it. {1}: next.").format(decided, actions.key("hand.next"))
        return self.tr("Decided: {0}. Nothing is open. {1}: next scan.").format(decided, actions.key("hand.next"))

    def _around(self) -> str:
        adjudication = self._adjudication
        left = adjudication.scans_left
        words = [self.tr("Scans left to adjudicate: {0}.").format(left) if left else self.tr("No scan is left.")]
        if unfinished := adjudication.unfinished():
            letters = self.tr(" and ").join(LETTERS[n] for n in unfinished)
            words.append(self.tr("Not marked done by {0}.").format(letters))
        return " ".join(words)
