"""Commands, in a folder for each thing they serve: book, site, data, homework, bench."""
