"""What tests of Leveret, and of programs that use it, stand on."""
