"""Reports: results in; HTML, figures, CSV, Markdown and JSON out. What a number is was decided before."""
