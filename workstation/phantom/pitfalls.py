"""What misleads a reader of bone scans, drawn as often as it happens: see `extras` for what each is made of."""

from __future__ import annotations

import numpy as np

from workstation.phantom.extras import Extra
from workstation.phantom.pose import Body, move
from workstation.phantom.skeleton import ARM, Ellipsoids


def draw_pitfalls(body: Body, rng: np.random.Generator) -> tuple[Extra, ...]:
    """About one patient in ten shows where the tracer went in: the elbow or the wrist."""
    chance, side, y = rng.uniform(), rng.choice([-1, 1]), rng.choice([668.0, 905.0])
    strength, radius = rng.normal(size=2)
    if chance > 0.1:
        return ()
    x = 240.0 if y < 700 else 250.0
    point = move(body, np.array([[side * x, y, 10.0]]), np.array([ARM]), np.array([side]))[0]
    size = float(np.clip(7 + 2 * radius, 4, 12))
    ball = Ellipsoids(point[None], np.eye(3)[None] * size, np.array([-1]), np.ones(1))
    return (Extra("injection", ellipsoids=ball, concentration=float(25 * np.exp(0.8 * strength))),)
