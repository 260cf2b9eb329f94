"""Student versions: cut from the package, and checked to work and to give nothing away."""
