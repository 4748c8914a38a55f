"""Objects in every header style, the real scan, compressed ones, and refusals in words."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.sequence import Sequence

from tests.dicom.studies import body, compressed, pydicom_files, real_scan, study
from workstation.core.scan import VIEWS, How, Kind, View
from workstation.dicom.read import choose, read_object
from workstation.dicom.write import STYLES, sop_uids, write_nm

HOW = {
    "ge-private": How.PRIVATE_NAME,
    "one-per-view": How.PRIVATE_NAME,
    "free-text": How.TEXT,
    "series-description": How.TEXT,
}


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., bytes]:
    """The bytes of a two-view object after `change(dataset)`."""

    def make(change: Callable[[pydicom.Dataset], object], style: str = "view-codes") -> bytes:
        path = write_nm(tmp_path, study(), style)[0]
        dataset = pydicom.dcmread(path)
        change(dataset)
        dataset.save_as(path)
        return path.read_bytes()

    return make


def test_the_real_scan() -> None:
    read = read_object(real_scan(), "real")
    assert read.accepted and read.reason is None and read.kind is Kind.WHOLE_BODY
    (frame,) = read.frames
    assert frame.counts.shape == (1024, 256)
    assert int(frame.counts.sum()) == 3_596_452
    assert int(frame.counts.max()) == 278
    assert (frame.view, frame.how, frame.number) == (View.ANTERIOR, How.PRIVATE_NAME, 1)
    assert frame.spacing_mm == pytest.approx((2.26, 2.26))
    assert read.facts["counts_accumulated"] == 3_596_452
    assert read.facts["speed_mm_s"] == pytest.approx(1.671598)
    assert read.facts["acquired"] == "1997-08-06T12:29:31"
    assert read.facts["warnings"] == () and read.facts["upside_down"] is False
    assert read.facts["burnt_in_risk"] and read.facts["private_tags"] == 65


@pytest.mark.parametrize("style", STYLES)
def test_every_style_gives_back_the_counts_by_view(style: str, tmp_path: Path) -> None:
    given = study()
    paths = write_nm(tmp_path, given, style)
    reads = [read_object(path, path.name) for path in paths]
    assert all(read.accepted for read in reads), [read.reason for read in reads]
    frames = {frame.view: frame for read in reads for frame in read.frames}
    assert set(frames) == set(VIEWS)
    for view, counts in given.counts.items():
        assert np.array_equal(frames[view].counts, counts)
        assert frames[view].how is HOW.get(style, How.VIEW_CODE)
        assert frames[view].spacing_mm == pytest.approx((2.26, 2.26))
    assert [read.facts["sop_uid"] for read in reads] == list(sop_uids(given, style))


def test_facts_of_a_written_study(tmp_path: Path) -> None:
    (path,) = write_nm(tmp_path, study(), "view-codes")
    facts = read_object(path, "x").facts
    expected = {
        "patient_id": "HOSP-4711",
        "patient_name": "Muster^Erika",
        "sex": "F",
        "birth_date": "1930-05-01",
        "age": 92,
        "weight_kg": 71.5,
        "height_m": 1.63,
        "acquired": "2022-06-01T11:30:00",
        "injected": "2022-06-01T08:15:00",
        "activity_mbq": 712.0,
        "camera_make": "GE MEDICAL SYSTEMS",
        "simulated": True,
    }
    assert {name: facts[name] for name in expected} == expected


def test_same_study_same_bytes(tmp_path: Path) -> None:
    for style in STYLES:
        one, two = (write_nm(tmp_path / part, study(), style) for part in ("a", "b"))
        assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_fractions_survive_the_rescale(tmp_path: Path) -> None:
    counts = np.round(body(3) * 0.75 * 4) / 4
    read = read_object(write_nm(tmp_path, study(anterior=counts, posterior=None), "signed-rescaled")[0], "x")
    assert read.frames[0].counts.dtype == np.float32
    assert np.array_equal(read.frames[0].counts, counts)


@pytest.mark.parametrize(
    "syntax",
    [
        "RLELossless",
        "JPEGLSLossless",
        "JPEG2000Lossless",
        "JPEGLosslessProcess14_1",
        "DeflatedExplicitVRLittleEndian",
        "ExplicitVRBigEndian",
        "ImplicitVRLittleEndian",
    ],
)
@pytest.mark.parametrize("style", ["view-codes", "signed-rescaled"])
def test_transfer_syntaxes(syntax: str, style: str, tmp_path: Path) -> None:
    (path,) = write_nm(tmp_path, study(), style)
    read = read_object(compressed(path, syntax, tmp_path / "c.dcm"), syntax)
    assert read.accepted, read.reason
    assert np.array_equal(read.frames[0].counts, study().anterior)
    assert np.array_equal(read.frames[1].counts, study().posterior)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPEG2000.dcm"])
def test_lossy_copies_of_the_real_scan_are_near_it_and_warn(name: str) -> None:
    path = next(path for path in pydicom_files() if path.name == name)
    read = read_object(path, name)
    truth = read_object(real_scan(), "real").frames[0].counts.astype(float)
    lossy = read.frames[0].counts.astype(float)
    assert lossy.min() >= 0
    assert abs(lossy - truth).mean() < 5  # the body's mean is 31
    assert "counts" in str(read.facts["warnings"])


def test_a_stream_that_ends_the_decoder_costs_that_file_only(tmp_path: Path) -> None:
    (path,) = write_nm(tmp_path, study(), "view-codes")
    good = compressed(path, "JPEGLosslessProcess14_1", tmp_path / "c.dcm").read_bytes()
    begin = good.rfind(b"\xff\xd8")  # the second frame's stream
    for value in (0x00, 0x01, 0x7F, 0xC4, 0xDB, 0xFF):
        for at in range(begin + 2, begin + 60, 3):
            damaged = bytearray(good)
            damaged[at] = value
            read = read_object(bytes(damaged), "x")
            assert read.accepted or "damaged" in (read.reason or "")
    assert read_object(good, "x").accepted


def test_monochrome1_with_inverted_values_is_turned_back(changed: Callable[..., bytes]) -> None:
    def invert(dataset: pydicom.Dataset) -> None:
        pixels = dataset.pixel_array
        dataset.PixelData = (pixels.max() - pixels).astype("<u2").tobytes()

    read = read_object(changed(invert, "monochrome1"), "x")
    for frame, counts in zip(read.frames, study().counts.values(), strict=True):
        assert np.array_equal(frame.counts, counts)
    assert "inverted" in str(read.facts["warnings"])


def test_an_upside_down_scan_is_noticed(tmp_path: Path) -> None:
    turned = study(anterior=body(1)[::-1], posterior=body(2)[::-1])
    assert read_object(write_nm(tmp_path, turned, "view-codes")[0], "x").facts["upside_down"] is True
    assert read_object(write_nm(tmp_path, study(), "view-codes")[0], "x").facts["upside_down"] is False


@pytest.mark.parametrize(
    ("keyword", "value", "said"),
    [
        ("ImageType", ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"], "spot view"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"], "TOMO"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"], "SPECT"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "WHOLE BODY", "TRANSMISSION"], "TRANSMISSION"),
        ("ImageType", ["ORIGINAL", "PRIMARY"], "image type"),
        ("Modality", "CT", "CT"),
        ("Rows", 2000, "cut short"),
        ("NumberOfFrames", 3, "cut short"),
        ("NumberOfFrames", 2_000_000, "frames"),
        ("SamplesPerPixel", 3, "colour"),
    ],
)
def test_refusals_say_why(keyword: str, value: object, said: str, changed: Callable[..., bytes]) -> None:
    read = read_object(changed(lambda dataset: setattr(dataset, keyword, value)), "x")
    assert not read.accepted and not read.frames
    assert said in (read.reason or "")
    assert (read.kind is Kind.SPOT) == ("STATIC" in str(value))


def test_secondary_capture_and_missing_value_four_are_whole_body(changed: Callable[..., bytes]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "WHOLE BODY"]
        del dataset.PixelSpacing

    read = read_object(changed(change), "x")
    assert read.accepted and read.frames[0].spacing_mm is None
    assert "spacing" in str(read.facts["warnings"])


def test_two_frames_of_one_view_ask_and_a_person_decides(changed: Callable[..., bytes]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        first, second = dataset.DetectorInformationSequence
        second.ViewCodeSequence = first.ViewCodeSequence

    read = read_object(changed(change), "x")
    assert not read.accepted and read.needs_choice and "anterior" in (read.reason or "")
    chosen = choose(read, {1: View.POSTERIOR, 2: View.ANTERIOR})
    assert chosen.accepted and chosen.reason is None
    assert [(frame.view, frame.how) for frame in chosen.frames] == [
        (View.POSTERIOR, How.USER),
        (View.ANTERIOR, How.USER),
    ]
    with pytest.raises(ValueError):
        choose(read, {1: View.ANTERIOR, 2: View.ANTERIOR})


def test_a_bad_value_beside_the_picture_does_not_cost_the_scan(changed: Callable[..., bytes]) -> None:
    data = changed(lambda dataset: None).replace(b"71.5", b"7x.5").replace(b"092Y", b"09?Y")
    read = read_object(data, "x")
    assert read.accepted
    assert "weight_kg" not in read.facts
    assert read.facts["age"] == 92  # from the birth date


def test_counts_accumulated_only_warns(changed: Callable[..., bytes]) -> None:
    read = read_object(changed(lambda dataset: setattr(dataset, "CountsAccumulated", 5)), "x")
    assert read.accepted and "header counts 5" in str(read.facts["warnings"])


def _explicit(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    long = vr in (b"OB", b"OW", b"SQ", b"UN")
    head = struct.pack("<HH2s", group, element, vr)
    return head + (struct.pack("<HI", 0, len(value)) if long else struct.pack("<H", len(value))) + value


def _file(syntax: bytes, dataset: bytes) -> bytes:
    return b"\0" * 128 + b"DICM" + _explicit(2, 0x10, b"UI", syntax + b"\0" * (len(syntax) % 2)) + dataset


def test_a_deflated_bomb_is_refused_before_it_is_unpacked() -> None:
    packer = zlib.compressobj(9, wbits=-15)
    packed = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(300)) + packer.flush()
    read = read_object(_file(b"1.2.840.10008.1.2.1.99", packed), "bomb")
    assert "unpacks to more than" in (read.reason or "")


def test_nesting_without_end_is_refused() -> None:
    opened = struct.pack("<HH2sHI", 0x0054, 0x0022, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    read = read_object(_file(b"1.2.840.10008.1.2.1", opened * 20_000), "deep")
    assert not read.accepted and "nested" in (read.reason or "")


def test_a_header_of_countless_elements_is_refused() -> None:
    elements = b"".join(_explicit(0x0009 + 2 * (n >> 15), n & 0x7FFF, b"LO", b"") for n in range(60_000))
    assert "elements" in (read_object(_file(b"1.2.840.10008.1.2.1", elements), "many").reason or "")


def test_huge_pictures_of_a_few_bytes_are_refused(changed: Callable[..., bytes]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        dataset.Rows = dataset.Columns = 65535
        dataset.NumberOfFrames = 200

    read = read_object(changed(change), "huge")
    assert not read.accepted and "65535" in (read.reason or "")


def test_objects_without_elements_and_other_files_are_refused(tmp_path: Path) -> None:
    assert "no elements" in (read_object(b"\0" * 128 + b"DICM", "x").reason or "")
    assert "empty" in (read_object(b"", "x").reason or "")
    assert "not a DICOM" in (read_object(b"hello world, this is text" * 20, "x").reason or "")
    assert "no such file" in (read_object(tmp_path / "none.dcm", "x").reason or "")
    assert read_object(tmp_path, "x").reason


def test_encrypted_objects_are_refused(changed: Callable[..., bytes]) -> None:
    def change(dataset: pydicom.Dataset) -> None:
        item = pydicom.Dataset()
        item.EncryptedContent = b"\1\2"
        dataset.EncryptedAttributesSequence = Sequence([item])

    assert "encrypted" in (read_object(changed(change), "x").reason or "")


def test_counts_that_no_camera_measures_are_refused(tmp_path: Path) -> None:
    file = write_nm(tmp_path, study(posterior=None), "signed-rescaled")[0]
    dataset = pydicom.dcmread(file)
    dataset.RescaleSlope = "1e30"
    dataset.save_as(file)
    read = read_object(file, "x")
    assert not read.accepted and "no camera measures" in str(read.reason)
