"""The statistics of the study: models, resampling, agreement, effects, descriptives. Rooms meet through values."""
