"""The work: extract, translate, customise tone, reconstruct."""
