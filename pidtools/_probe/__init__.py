"""Parts of the probe: whitening, experts, their pool, cells of posteriors."""
