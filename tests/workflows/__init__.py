"""Jobs from end to end, on cohorts small enough to be made by the dozen."""
