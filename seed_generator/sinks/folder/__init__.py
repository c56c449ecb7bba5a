"""Tables in files in a folder: the new folder is written beside the old one and takes its place."""
