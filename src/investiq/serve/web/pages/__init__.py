"""One module for each page: `layout` gives it empty, `register` keeps it current."""
