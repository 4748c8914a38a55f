"""View-models of the window: QtCore and QtGui, no widgets."""
