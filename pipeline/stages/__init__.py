"""The stages as pure functions: values in, values out."""
