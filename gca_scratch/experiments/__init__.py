"""The paper's tables as data, their runs on one machine or a cluster, and what each choice of input is worth."""
