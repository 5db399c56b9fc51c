"""The engine of a charging point: the charge, the contactor, the meter, its screen."""
