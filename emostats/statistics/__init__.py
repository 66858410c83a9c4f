"""The statistics: models, resampling, agreement, effects, descriptives. Rooms meet through values."""
