"""The expert blind evaluation: who rates which clip, the sheets, the key kept apart, and what comes back."""
