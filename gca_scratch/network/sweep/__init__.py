"""The ST-LSTM unit over the grid: as a plain loop (raster, the definition) and made fast (wavefront, wavefront_gpu)."""
