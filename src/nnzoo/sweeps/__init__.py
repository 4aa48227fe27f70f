"""Many runs at once: those that differ in their numbers alone are trained as one model."""
