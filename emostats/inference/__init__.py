"""Session videos to scores: faces, landmarks, a landmark graph network over time. Needs `emostats[inference]`."""
