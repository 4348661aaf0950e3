"""Running an app in processes."""
