"""A charging point: its engine (journal, supply) and its monitor."""
