"""The models of the local engine: which there are, where they come from, and how they get into
their folder.

    pairs      a direction such as `en-pt`, and the way of a pair through English; pure
    listing    what a list of models says (Mozilla's `db/models.json`); pure
    places     where files are read from: a web server or a folder
    source     what a place offers: a list with files, or a folder with a folder for each pair
    transfer   one file, with what an earlier run has of it already, checked and unpacked
    trouble    what can go wrong
    folder     LOCAL_MODELS_DIR: what is installed, and what is damaged there
    installing a model from a source into the folder

A job never downloads: only an admin's `dragoman models add` does.
"""
