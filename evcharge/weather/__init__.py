"""The weather service: asks a source about every location, and tells Central what it means for charging."""
