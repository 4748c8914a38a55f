"""What misleads: each kind as often as the reference sheet says, and where it belongs on the body."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.stats import binom, norm

import resources
from workstation.phantom.acquisition import draw_acquisition
from workstation.phantom.anatomy import Anatomy
from workstation.phantom.chances import chance
from workstation.phantom.extras import Extra
from workstation.phantom.pitfalls import DRAWERS, TABLE, Pitfalls, draw_pitfalls, force
from workstation.phantom.pose import Body, Sex, draw_body, pose_bones
from workstation.phantom.scan import build
from workstation.phantom.skeleton import Skeleton, standard
from workstation.phantom.uptake import draw_uptake

ROWS = {row["kind"]: row for row in resources.table(TABLE)["pitfall"]}


@cache
def person(seed: int, sex: Sex = "M") -> tuple[Body, Skeleton]:
    body = draw_body(np.random.default_rng(seed), sex, 66)
    return body, pose_bones(body, standard())


def forced(kind: str, seed: int, sex: Sex = "M") -> tuple[Anatomy, Pitfalls]:
    body, skeleton = person(seed % 6, sex)
    return Anatomy(body, skeleton), force(kind, body, skeleton, np.random.default_rng(seed))


def centres(extra: Extra) -> np.ndarray:
    """Middles of all its solids, (n, 3)."""
    parts = []
    if extra.ellipsoids is not None:
        parts.append(extra.ellipsoids.centre)
    if extra.capsules is not None:
        parts.append((extra.capsules.start + extra.capsules.end) / 2)
    return np.vstack(parts)


def of_cohort(kinds: tuple[str, ...], mean: float, deviation: float, sex: Sex, tumour: str = "lung") -> float:
    """Share of a cohort with these kinds: ages normal as in the papers, by numerical integration."""
    ages = np.linspace(22, 89, 400)
    weights = norm.pdf(ages, mean, deviation)
    return sum(
        float(np.average([chance(ROWS[kind], sex, age, tumour) for age in ages], weights=weights)) for kind in kinds
    )


class TestHowOften:
    def test_every_kind_has_a_row_and_a_drawer(self) -> None:
        assert set(ROWS) == set(DRAWERS)

    @pytest.mark.parametrize(
        ("kinds", "low", "high"),
        [
            (("urine",), 0.03, 0.05),
            (("catheter",), 0.019, 0.021),
            (("injection",), 0.05, 0.05),
            (("arterial",), 0.001, 0.001),
            (("dental", "sinus"), 0.05, 0.10),
            (("buckle", "coin", "keys", "pacemaker", "port"), 0.015, 0.025),
            (("thyroid", "muscle", "ascites"), 0.01, 0.02),
            (("foramen",), 0.01, 0.02),
            (("radiotherapy",), 0.01, 0.02),
        ],
    )
    def test_the_reference_sheet_says_so(self, kinds: tuple[str, ...], low: float, high: float) -> None:
        # Men with lung cancer and women with breast cancer, at the papers' ages.
        for value in (of_cohort(kinds, 58.5, 10.8, "M"), of_cohort(kinds, 51.4, 10.4, "F", "breast")):
            assert low <= round(value, 6) <= high

    def test_prostheses_go_with_age(self) -> None:
        both = ("hip prosthesis", "knee prosthesis")
        assert 0.03 <= of_cohort(both, 62, 12, "M") <= 0.05
        assert of_cohort(both, 71.0, 8.7, "M") > 2 * of_cohort(both, 51.4, 10.4, "F")

    def test_some_need_a_sex_an_age_or_a_tumour(self) -> None:
        assert chance(ROWS["hyperostosis"], "M", 80, "lung") == 0
        assert 0.03 <= chance(ROWS["hyperostosis"], "F", 66, "lung") <= 0.05
        assert chance(ROWS["hyperostosis"], "F", 40, "lung") == 0
        assert chance(ROWS["mastectomy"], "F", 50, "lung") == 0 < chance(ROWS["mastectomy"], "F", 50, "breast")

    @pytest.mark.parametrize(("sex", "age", "tumour"), [("M", 74, "prostate"), ("F", 61, "breast")])
    def test_draws_follow_the_table(self, sex: Sex, age: int, tumour: str) -> None:
        body, skeleton = person(1, sex)
        rng, number = np.random.default_rng(5), 1500
        seen = dict.fromkeys(ROWS, 0)
        for _ in range(number):
            for kind in draw_pitfalls(body, skeleton, tumour, age, rng).kinds:
                seen[kind] = seen.get(kind, 0) + 1
        for kind, row in ROWS.items():
            low, high = binom.ppf([1e-5, 1 - 1e-5], number, chance(row, sex, age, tumour))
            assert low <= seen[kind] <= high, kind

    def test_what_lasts_is_there_in_every_scan_and_the_rest_is_not(self) -> None:
        number = {True: 0, False: 0}
        for patient in range(150):
            scans = [
                draw_pitfalls(*person(which), "lung", 70, np.random.default_rng([patient, which]), lasting)
                for which, lasting in ((1, np.random.default_rng(patient)), (2, np.random.default_rng(patient)))
            ]
            first, second = ({kind for kind in scan.kinds if ROWS[kind].get("lasting")} for scan in scans)
            assert first == second
            number[True] += len(first)
            number[False] += sum(1 for kind in scans[0].kinds if not ROWS[kind].get("lasting"))
            assert all(kind in scans[1].kinds for kind in first)
        assert number[True] > 5 < number[False]


class TestWhere:
    @pytest.mark.parametrize("seed", range(12))
    def test_an_injection_is_on_a_forearm_or_hand(self, seed: int) -> None:
        anatomy, found = forced("injection", seed)
        spot = centres(found.found[0].extras[0])[0]
        tubes = anatomy.skeleton.capsules
        arm = np.isin([bone.group for bone in standard().bones], ["forearm", "hand"])[tubes.bone]
        start, along = tubes.start[arm], (tubes.end - tubes.start)[arm]
        share = np.clip(np.einsum("ni,ni->n", spot - start, along) / (along**2).sum(axis=1), 0, 1)
        assert np.linalg.norm(spot - start - share[:, None] * along, axis=1).min() < 45

    def test_a_very_hot_one_is_a_star_of_six(self) -> None:
        stars = []
        for seed in range(120):
            extras = forced("injection", seed)[1].found[0].extras
            stars += [extra for extra in extras if extra.capsules is not None]
        assert 0 < len(stars) < 20
        rays = stars[0].capsules
        assert rays is not None
        way = (rays.end - rays.start)[:6, :2]
        angle = np.sort(np.degrees(np.arctan2(way[:, 1], way[:, 0])))
        np.testing.assert_allclose(np.diff(angle), 60, atol=1e-6)

    def test_nodes_lie_in_an_armpit(self) -> None:
        found = 0
        for seed in range(80):
            anatomy, pitfalls = forced("injection", seed)
            for extra in pitfalls.found[0].extras[1:]:
                solids = extra.ellipsoids
                # Nodes are balls of 6 to 10 mm, leaked tracer is a flat cloud.
                if solids is None or not np.allclose(np.abs(solids.axes).max(axis=2).std(axis=1), 0):
                    continue
                heads = [anatomy.at("humerus_head", side) for side in (1, -1)]
                head = min(heads, key=lambda place: abs(place[0] - solids.centre[0, 0]))
                inwards = np.sign(head[0] - np.mean([place[0] for place in heads]))
                assert (np.abs(solids.centre[:, 1] - head[1] - 60) < 75).all()
                assert (inwards * (head[0] - solids.centre[:, 0]) > -15).all()
                found += 1
        assert found > 4

    @pytest.mark.parametrize("seed", range(12))
    def test_urine_is_at_groin_or_thigh(self, seed: int) -> None:
        anatomy, found = forced("urine", seed, "F" if seed % 2 else "M")
        for extra in found.found[0].extras:
            drop = centres(extra)[0]
            assert extra.place in ("front", "back")
            assert anatomy.at("acetabulum", 1)[1] - 110 < drop[1] < anatomy.at("patella", 1)[1]
            assert min(abs(drop[0] - anatomy.at("femur_shaft_mid", side)[0]) for side in (1, -1)) < 190

    @pytest.mark.parametrize("side_seed", range(6))
    def test_implants_replace_their_joint(self, side_seed: int) -> None:
        for kind, joint in (("hip prosthesis", "femoral_head"), ("knee prosthesis", "tibial_plateau")):
            anatomy, found = forced(kind, side_seed)
            metal = [extra for extra in found.found[0].extras if extra.transmission < 1]
            assert 1 <= len(metal) <= 2
            for extra in metal:
                places = centres(extra)
                near = [np.linalg.norm(places - anatomy.at(joint, side), axis=1).min() for side in (1, -1)]
                assert min(near) < 12
                assert 0.15 <= extra.transmission <= 0.3
                assert extra.place == "inside"

    def test_metal_outside_lies_in_front_or_behind(self) -> None:
        behind = 0
        for kind in ("buckle", "coin", "keys", "pacemaker", "port"):
            for seed in range(8):
                anatomy, found = forced(kind, seed)
                for extra in found.found[0].extras:
                    assert extra.place != "inside"
                    assert 0.3 <= extra.transmission <= 0.7
                    assert extra.concentration == 0
                    behind += extra.place == "back"
                    y = centres(extra)[:, 1]
                    if kind in ("pacemaker", "port"):
                        assert (y > anatomy.at("clavicle_med", 1)[1]).all() and (y < anatomy.at("T9")[1]).all()
                    else:
                        assert (y > anatomy.at("L3")[1]).all() and (y < anatomy.at("femur_shaft_mid", 1)[1]).all()
        assert behind

    def test_a_catheter_runs_from_the_bladder_down_one_leg(self) -> None:
        for seed in range(6):
            anatomy, found = forced("catheter", seed)
            hose = found.found[0].extras[0].capsules
            assert hose is not None
            np.testing.assert_allclose(hose.start[1:], hose.end[:-1])
            assert np.linalg.norm(hose.start[0, :2] - anatomy.at("bladder")[:2]) < 130
            assert hose.end[-1, 1] > anatomy.at("femur_shaft_mid", 1)[1]
            assert 5 <= 2 * hose.radius[0] <= 8


class TestWhatItDoes:
    def test_an_old_field_halves_whole_vertebrae_and_spares_kidneys(self) -> None:
        seen = set()
        for seed in range(30):
            factors = forced("radiotherapy", seed)[1].found[0].factors
            assert factors is not None
            cold = {
                bone.name.split("_")[0] for bone, factor in zip(standard().bones, factors, strict=True) if factor < 1
            }
            vertebrae = {name for name in cold if name[0] in "TL" and name[1:].isdigit()}
            assert len(vertebrae) in (0, 3, 4, 5, 6)
            assert 0.4 <= factors.min() <= 0.8 and factors.max() == 1
            assert not cold & {"kidney", "bladder", "lung"}
            seen.add(bool(vertebrae))
        assert seen == {True, False}

    def test_an_artery_feeds_one_forearm_and_hand_only(self) -> None:
        factors = forced("arterial", 3)[1].found[0].factors
        assert factors is not None
        hot = {(bone.group, bone.side) for bone, factor in zip(standard().bones, factors, strict=True) if factor > 1}
        assert {group for group, _ in hot} == {"forearm", "hand"}
        assert len({side for _, side in hot}) == 1
        assert 1.5 < factors.max() < 6

    def test_placing_measures_extras_by_the_patients_own_activity(self) -> None:
        body, skeleton = person(1)
        uptake = draw_uptake(body, 66, np.random.default_rng(2))
        hose = force("catheter", body, skeleton, np.random.default_rng(1))
        changed, extras = hose.place(uptake)
        bladder = next(i for i, bone in enumerate(standard().bones) if bone.name == "bladder")
        assert 0.2 <= float(extras[0].concentration) / uptake.bones[bladder] <= 1.0
        assert extras[0].relative_to == ""
        np.testing.assert_array_equal(changed.bones, uptake.bones)

    def test_a_missing_breast_has_a_side(self) -> None:
        sides = {forced("mastectomy", seed, "F")[1].lost_breast for seed in range(12)}
        assert sides == {1, -1}
        assert Pitfalls().lost_breast == 0

    def test_what_the_body_has_is_named(self) -> None:
        body, skeleton = person(1)
        none = [np.random.default_rng(each) for each in range(20)]
        big = replace(body, bladder_mm=60.0, bladder=replace(body.bladder, diverticulum_mm=15.0))
        small = replace(body, bladder_mm=30.0, bladder=replace(body.bladder, diverticulum_mm=0.0))
        for rng in none:
            assert {"big bladder", "diverticulum"} <= set(draw_pitfalls(big, skeleton, "lung", 40, rng).kinds)
            assert not {"big bladder", "diverticulum"} & set(draw_pitfalls(small, skeleton, "lung", 40, rng).kinds)

    def test_the_same_stream_gives_the_same(self) -> None:
        body, skeleton = person(2)
        one, two = (draw_pitfalls(body, skeleton, "lung", 80, np.random.default_rng(40)) for _ in range(2))
        assert one.kinds == two.kinds
        for first, second in zip(one.found, two.found, strict=True):
            for a, b in zip(first.extras, second.extras, strict=True):
                np.testing.assert_array_equal(centres(a), centres(b))
                np.testing.assert_array_equal(a.concentration, b.concentration)


def test_anatomy_finds_places_by_name() -> None:
    anatomy = Anatomy(*person(1))
    skeleton = anatomy.skeleton
    index = next(i for i, bone in enumerate(standard().bones) if bone.name == "T7")
    chosen = np.flatnonzero(skeleton.ellipsoids.bone == index)[0]
    np.testing.assert_array_equal(anatomy.at("T7"), skeleton.ellipsoids.centre[chosen])
    assert anatomy.at("patella", 1)[0] > anatomy.at("patella", -1)[0]
    assert anatomy.at("femur_shaft_mid", 1, 0.9)[1] > anatomy.at("femur_shaft_mid", 1, 0.1)[1]
    with pytest.raises(ValueError, match="no bone 'tail'"):
        anatomy.at("tail")


class TestInThePicture:
    """Rendered without noise, once with it and once without, per view: the change and where it is largest."""

    @staticmethod
    def change(kind: str, seed: int) -> tuple[list[float], Pitfalls]:
        body, skeleton = person(1)
        uptake = draw_uptake(body, 66, np.random.default_rng(3))
        acquisition = draw_acquisition(body, np.random.default_rng(3))
        found = force(kind, body, skeleton, np.random.default_rng(seed))
        changed, extras = found.place(uptake)
        with_it, bare = build(body, changed, extras, acquisition), build(body, uptake, (), acquisition)
        out = []
        for one, other in zip(with_it.expected, bare.expected, strict=True):
            # Both are scaled to the same total: undo it, so that only the place itself differs.
            ratio = gaussian_filter(one / with_it.scale, 1) / np.maximum(gaussian_filter(other / bare.scale, 1), 1e-6)
            ratio[other < 0.2 * other[other > 0].mean()] = 1
            out.append(float(ratio.flat[np.abs(np.log(np.maximum(ratio, 1e-3))).argmax()]))
        return out, found

    @pytest.mark.parametrize(("kind", "seed"), [("pacemaker", 1), ("keys", 2), ("port", 3)])
    def test_metal_in_front_is_cold_from_the_front_only(self, kind: str, seed: int) -> None:
        (front, back), found = self.change(kind, seed)
        transmission = found.found[0].extras[0].transmission
        # Blur and scatter fill what it lets through; nothing gets darker than that.
        assert transmission * 0.95 < front < 0.85
        assert abs(back - 1) < 0.03

    def test_urine_is_stronger_on_its_side(self) -> None:
        for seed in range(2):
            (front, back), found = self.change("urine", seed)
            on_front = found.found[0].extras[0].place == "front"
            near, far = (front, back) if on_front else (back, front)
            assert near > 1.5 and near - 1 > 2 * (far - 1)

    def test_an_artificial_hip_is_cold_in_both_views(self) -> None:
        (front, back), _ = self.change("hip prosthesis", 4)
        assert front < 0.75 and back < 0.75
