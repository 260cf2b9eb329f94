"""The tests, in the folders of the packages that they test; helpers/ and strict_cupy/ serve them."""
