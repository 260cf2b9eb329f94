"""Speed of the package, measured against the same network in other libraries."""
