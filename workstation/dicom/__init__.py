"""The only importer of pydicom: DICOM files in and out."""
