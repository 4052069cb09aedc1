"""What is installed: selection, import, instantiation, plugins, and diagnosis of what fails."""
