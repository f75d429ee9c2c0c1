"""What setup and uninstall will write and remove, tried and applied."""
