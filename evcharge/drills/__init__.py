"""`evcharge drill`: breaks a running network on purpose, says where to look, and checks that it comes back."""
