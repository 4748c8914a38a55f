"""The map from the standard body to one person's: irregular, bent, scaled and laid down. See `torso` and `limbs`."""

from __future__ import annotations

import numpy as np

from workstation.phantom.body import Body
from workstation.phantom.irregular import warp
from workstation.phantom.limbs import arm, leg
from workstation.phantom.skeleton import ARM, GIRDLE, HEAD, LEG, TRUNK, Floats, Ints
from workstation.phantom.torso import bend, shrug


def move(body: Body, points: Floats, part: Ints, side: Ints, at: Floats | None = None) -> Floats:
    """Standard points (n, 3) of the given part and side where this body has them.

    at: standard y that tells which piece of a limb a point belongs to, if that is not its own (the rim of a solid
    whose middle lies in the next piece).
    """
    piece = points[:, 1] if at is None else at
    standard, posed = warp(body, points), np.empty_like(points)
    chosen = (part == HEAD) | (part == TRUNK)
    posed[chosen] = bend(body, standard[chosen])
    for sign in (1, -1):
        here = side == sign
        chosen = here & (part == GIRDLE)
        if chosen.any():
            posed[chosen] = shrug(body, standard[chosen], sign)
        for which, chain in ((ARM, arm), (LEG, leg)):
            chosen = here & (part == which)
            if chosen.any():
                mirror = (sign, 1, 1)
                posed[chosen] = chain(body, sign).carry(standard[chosen] * mirror, piece[chosen]) * mirror
    return posed


def move_solids(
    body: Body, centre: Floats, axes: Floats, part: Ints, side: Ints, *lines: tuple[Floats, Floats, Ints, Ints]
) -> tuple[Floats, Floats, list[tuple[Floats, Floats]]]:
    """Centres (n, 3) and half-axes (n, 3, 3) of ellipsoids, and the ends of lines, in one pass."""
    n = len(centre)
    rims = [centre + sign * axes[:, k] for k in range(3) for sign in (1, -1)]
    points = [centre, *rims]
    parts, sides, at = [np.tile(part, 7)], [np.tile(side, 7)], [np.tile(centre[:, 1], 7)]
    for start, end, which, where in lines:
        points += [start, end]
        parts.append(np.tile(which, 2))
        sides.append(np.tile(where, 2))
        at.append(np.tile((start[:, 1] + end[:, 1]) / 2, 2))
    moved = move(body, np.vstack(points), np.concatenate(parts), np.concatenate(sides), np.concatenate(at))
    solid = moved[: 7 * n].reshape(7, n, 3)
    posed_axes = np.stack([(solid[1 + 2 * k] - solid[2 + 2 * k]) / 2 for k in range(3)], axis=1)
    ends, first = [], 7 * n
    for start, *_ in lines:
        ends.append((moved[first : first + len(start)], moved[first + len(start) : first + 2 * len(start)]))
        first += 2 * len(start)
    return solid[0], posed_axes, ends
