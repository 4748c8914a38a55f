"""Exit codes, as the contract has them."""

DONE, FINDINGS, WRONG_CALL, FAILED = 0, 1, 2, 3
